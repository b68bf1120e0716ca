import { any, boolean, number, string, timestamp } from '../../../model/attribute-types.ts'
import { createModelBuilder } from '../../../model/builder.ts'
import type { DocumentOf } from '../../../model/class-ref.ts'
import { core } from '../../../model/identifiers.ts'
import type { ModelVersion } from '../accounts-client.ts'

const builder = createModelBuilder('accounts')

/** `_id` is the email, so that there is one of each. */
const Person = builder.class('Person', {
  extends: core.class.Doc,
  domain: 'person',
  attributes: { email: string({ required: true }), password: string() },
})

/** `_id` is the workspace's id. */
const Workspace = builder.class('Workspace', {
  extends: core.class.Doc,
  domain: 'workspace',
  attributes: {
    name: string({ required: true }),
    productId: string({ default: '' }),
    version: any<ModelVersion>(),
    disabled: boolean({ default: false }),
    creating: boolean({ default: false }),
    createProgress: number(),
    lastVisit: timestamp({ default: 0 }),
    upgrade: any<UpgradeProgress>(),
  },
})

/** `_id` is `workspace/email`. */
const Membership = builder.class('Membership', {
  extends: core.class.Doc,
  domain: 'membership',
  attributes: {
    email: string({ required: true, index: true }),
    workspace: string({ required: true, index: true }),
    role: string({ required: true }),
  },
})

export interface UpgradeProgress {
  toProcess: number
  total: number
  elapsed: number
  eta: number
}

export type Person = DocumentOf<typeof Person>
export type Workspace = DocumentOf<typeof Workspace>
export type Membership = DocumentOf<typeof Membership>

export const accounts = { class: { Person, Workspace, Membership } }
export const accountsModel = builder.transactions()

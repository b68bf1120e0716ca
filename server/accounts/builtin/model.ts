import { any, boolean, number, string, timestamp } from '../../../model/attribute-types.ts'
import { createModelBuilder } from '../../../model/builder.ts'
import type { DocumentOf } from '../../../model/class-ref.ts'
import { core } from '../../../model/identifiers.ts'
import type { ModelVersion } from '../accounts-client.ts'

const builder = createModelBuilder('accounts')

/** `_id` is the folded email, so an email is unique; `email` is as it was typed. */
const Person = builder.class('Person', {
  extends: core.class.Doc,
  domain: 'person',
  attributes: {
    email: string({ required: true }),
    password: string(),
    /** The number of revocations of the person's tokens: valid ones carry this number. */
    tokenVersion: number({ default: 0 }),
    /** Time of the last revocation. */
    revokedOn: timestamp({ default: 0 }),
    /** Marks of the addresses from which the person has logged in, the last new one first. */
    addresses: any<string[]>(),
  },
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

/** `_id` is {@link membershipId}; `email` is the `_id` of the person. */
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

/** @param person folded email. Ids of workspaces have no slash, so no two pairs share an id */
export function membershipId(workspace: string, person: string): string {
  return `${workspace}/${person}`
}

export const accounts = { class: { Person, Workspace, Membership } }
export const accountsModel = builder.transactions()

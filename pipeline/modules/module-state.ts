import { number, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import type { Domain } from '../../model/documents.ts'
import type { DocumentOf } from '../../model/class-ref.ts'
import { core } from '../../model/identifiers.ts'

const builder = createModelBuilder('module')

export const MODULE_STATE_DOMAIN: Domain = 'module'

/** What the server keeps of a workspace's modules: made by the system, for its eyes and administrators'. */
const State = builder.class('State', {
  extends: core.class.Doc,
  domain: MODULE_STATE_DOMAIN,
  label: 'State of a module',
  visibleTo: 'creator',
})

/** How far an asynchronous trigger has come. */
const TriggerCursor = builder.class('TriggerCursor', {
  extends: State,
  label: 'Cursor of a trigger',
  attributes: {
    /** Log entries up to this one are done. */
    seq: number({ required: true }),
    /** The history of the workspace that `seq` is a place in. */
    epoch: string({ required: true }),
  },
})

/** A transaction that an asynchronous trigger did not manage. */
const DeadLetter = builder.class('DeadLetter', {
  extends: State,
  label: 'Dead letter',
  attributes: {
    trigger: string({ required: true, index: true }),
    seq: number({ required: true }),
    transaction: string({ required: true }),
    message: string({ required: true }),
  },
})

const AppliedMigration = builder.class('AppliedMigration', { extends: State, label: 'Applied migration' })

export type TriggerCursor = DocumentOf<typeof TriggerCursor>

export const moduleState = { class: { State, TriggerCursor, DeadLetter, AppliedMigration } }

export const moduleStateModel = builder.transactions()

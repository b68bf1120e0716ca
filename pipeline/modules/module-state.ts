import { any, number, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import type { Domain } from '../../model/documents.ts'
import type { DocumentOf } from '../../model/class-ref.ts'
import { core } from '../../model/identifiers.ts'
import type { Status } from '../../model/status.ts'

const builder = createModelBuilder('module')

export const MODULE_STATE_DOMAIN: Domain = 'module'

/** State of a module in a workspace. Only the system and administrators see it. */
const State = builder.class('State', {
  extends: core.class.Doc,
  domain: MODULE_STATE_DOMAIN,
  label: 'State of a module',
  visibleTo: 'creator',
})

/** The position of an asynchronous trigger in the log. */
const TriggerCursor = builder.class('TriggerCursor', {
  extends: State,
  label: 'Cursor of a trigger',
  attributes: {
    /** All entries up to this one are done. */
    seq: number({ required: true }),
    /** The epoch that `seq` belongs to. */
    epoch: string({ required: true }),
  },
})

/** A transaction for which an asynchronous trigger failed too often. */
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

/** The outcome of a call of a method that has committed something. */
const CallOutcome = builder.class('CallOutcome', {
  extends: State,
  label: 'Outcome of a call',
  attributes: {
    method: string({ required: true }),
    /** Digest of method and params: the key belongs to one call. */
    call: string({ required: true }),
    /** Milliseconds since the Unix epoch. */
    at: number({ required: true, index: true }),
    /** `{result}` or `{error}` with its status. */
    outcome: any<CallResult>(),
  },
})

export type CallResult = { result: unknown } | { error: Status }

const AppliedMigration = builder.class('AppliedMigration', { extends: State, label: 'Applied migration' })

export type TriggerCursor = DocumentOf<typeof TriggerCursor>
export type CallOutcome = DocumentOf<typeof CallOutcome>

export const moduleState = { class: { State, TriggerCursor, DeadLetter, CallOutcome, AppliedMigration } }

export const moduleStateModel = builder.transactions()

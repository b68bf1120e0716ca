import { any, boolean, number, string, timestamp } from '../../model/attribute-types.ts'
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

/** The position of an asynchronous trigger in the log. Its id is `trigger:module.name`. */
const TriggerCursor = builder.class('TriggerCursor', {
  extends: State,
  label: 'Cursor of a trigger',
  attributes: {
    /** All entries up to this one are done. */
    seq: number({ required: true }),
    /** The epoch that `seq` belongs to. */
    epoch: string({ required: true }),
    /** All entries up to this one are done, but for the open ones. */
    reached: number(),
    /** `seq` of entries that were begun and are not done. Their number is limited. */
    open: any<readonly number[]>(),
    /** The attempts of those that failed. Their number is limited. */
    failing: any<readonly FailingEntry[]>(),
    /** Entries whose run was recorded before it began, as the server ended unexpectedly before. */
    marked: any<readonly MarkedEntry[]>(),
    /** The workspace was closed with work left over, and nothing was under way. */
    stopped: boolean(),
    /** When a server without the trigger first opened the workspace. */
    goneSince: timestamp(),
  },
})

/** An attempt that failed. */
export interface Attempt {
  /** Milliseconds since the Unix epoch. */
  at: number
  message?: string
}

export interface FailingEntry {
  seq: number
  /** Runs so far. */
  count: number
  /** When the first run failed, in milliseconds since the Unix epoch. */
  first: number
  /** When the next run is due. */
  next: number
  /** The last ones. */
  attempts: readonly Attempt[]
}

export interface MarkedEntry {
  seq: number
  /** Crashes while it was, or may have been, under way. */
  crashes: number
}

/**
 * A transaction for which an asynchronous trigger gave up. `again` is set while an administrator wants it to be sent
 * again, and `under way` while it runs.
 */
const DeadLetter = builder.class('DeadLetter', {
  extends: State,
  label: 'Dead letter',
  attributes: {
    trigger: string({ required: true, index: true }),
    seq: number({ required: true }),
    transaction: string({ required: true }),
    message: string({ required: true }),
    /** The key of its runs: the idempotency key for effects elsewhere. */
    key: string(),
    /** The transaction as JSON text. Absent if it is too large, and in older letters: it is in the log. */
    payload: string(),
    /** The stack of the error. */
    stack: string(),
    /** Runs so far. */
    count: number(),
    /** The last ones. */
    attempts: any<readonly Attempt[]>(),
    state: string({ index: true }),
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

/** How far a migration of many documents has come. */
const MigrationPosition = builder.class('MigrationPosition', {
  extends: State,
  label: 'Position of a migration',
  attributes: {
    migration: string({ required: true }),
    /** The id of the last document that was processed. */
    after: string({ required: true }),
    /** Documents that were processed, those that were set aside included. */
    done: number({ required: true }),
    setAside: number({ required: true }),
  },
})

/** A document that a migration left as it was, because of an error. */
const SetAsideDocument = builder.class('SetAsideDocument', {
  extends: State,
  label: 'Document that a migration set aside',
  attributes: {
    migration: string({ required: true, index: true }),
    document: string({ required: true }),
    documentClass: string({ required: true }),
    message: string({ required: true }),
  },
})

/** A unique key for which existing documents were checked. */
const CheckedKey = builder.class('CheckedKey', {
  extends: State,
  label: 'Checked unique key',
  attributes: {
    /** The declaration. */
    key: string({ required: true }),
    /** The log position before the check, and its epoch. */
    seq: number({ required: true }),
    epoch: string({ required: true }),
  },
})

export type MigrationPosition = DocumentOf<typeof MigrationPosition>
export type CheckedKey = DocumentOf<typeof CheckedKey>
export type TriggerCursor = DocumentOf<typeof TriggerCursor>
export type DeadLetter = DocumentOf<typeof DeadLetter>
export type CallOutcome = DocumentOf<typeof CallOutcome>

export const moduleState = {
  class: {
    State,
    TriggerCursor,
    DeadLetter,
    CallOutcome,
    AppliedMigration,
    MigrationPosition,
    SetAsideDocument,
    CheckedKey,
  },
}

export const moduleStateModel = builder.transactions()

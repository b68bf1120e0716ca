import { number, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import type { Domain } from '../../model/documents.ts'
import type { DocumentOf } from '../../model/class-ref.ts'
import { core } from '../../model/identifiers.ts'

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

export const moduleState = {
  class: {
    State,
    TriggerCursor,
    DeadLetter,
    AppliedMigration,
    MigrationPosition,
    SetAsideDocument,
    CheckedKey,
  },
}

export const moduleStateModel = builder.transactions()

import { brand } from '../../model/brand.ts'
import type { Doc, Ref, Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { planFind } from '../../model/query/plan-find.ts'
import type { TransactionFactory } from '../../model/transaction-factory.ts'
import { systemFactory } from '../shared/system-factory.ts'
import type { DocumentMatch, TxCUD } from '../../model/transactions.ts'
import { MODULE_STATE_DOMAIN, type MigrationPosition, moduleState } from '../modules/module-state.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Maximum length of a stored error message. */
const MAX_MESSAGE = 1000

/** How far a migration of many documents has come. */
export interface Position {
  /** The id of the last document that was processed; `undefined` before the first one. */
  after: string | undefined
  done: number
  setAside: number
}

/** What a workspace stores of migrations: those that were applied, positions, and documents that were set aside. */
export class MigrationRecords {
  readonly #workspace: Workspace

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /** The names, `module.name`, of those that were applied. */
  async applied(): Promise<ReadonlySet<string>> {
    const { model, storage } = this.#workspace
    const plan = planFind(model.hierarchy, moduleState.class.AppliedMigration, {}, {})
    return new Set((await storage.find(plan)).map(({ _id }) => _id.slice('migration:'.length)))
  }

  async position(migration: string): Promise<Position> {
    const { storage } = this.#workspace
    const [found]: Unchecked<MigrationPosition>[] = await storage.get(MODULE_STATE_DOMAIN, [
      positionId(migration),
    ])
    return { after: found?.after, done: found?.done ?? 0, setAside: found?.setAside ?? 0 }
  }

  /** The transaction that stores a position, beside the changes that lead to it. */
  move(migration: string, from: Position, { after = '', done, setAside }: Position): TxCUD {
    const { MigrationPosition } = moduleState.class
    const fields = { migration, after, done, setAside }
    const place = { _id: positionId(migration), _class: MigrationPosition, space: core.space.Configuration }
    return from.after === undefined
      ? this.#factory.create(MigrationPosition, place.space, fields, { _id: place._id })
      : this.#factory.update(place, fields)
  }

  /** The condition that the stored position is this one. */
  match(migration: string, { after = '' }: Position): DocumentMatch {
    return { _class: moduleState.class.MigrationPosition, query: { _id: positionId(migration), after } }
  }

  /** The transactions that record that the migration was applied. */
  finish(migration: string, { after }: Position): TxCUD[] {
    const { AppliedMigration, MigrationPosition } = moduleState.class
    const space = core.space.Configuration
    const applied = this.#factory.create(
      AppliedMigration,
      space,
      {},
      { _id: brand(`migration:${migration}`) },
    )
    if (after === undefined) return [applied]
    const position = { _id: positionId(migration), _class: MigrationPosition, space }
    return [applied, this.#factory.remove(position)]
  }

  setAside(migration: string, { _id, _class }: Doc, message: string): TxCUD {
    return this.#factory.create(moduleState.class.SetAsideDocument, core.space.Configuration, {
      migration,
      document: _id,
      documentClass: _class,
      message: message.slice(0, MAX_MESSAGE),
    })
  }

  get #factory(): TransactionFactory {
    return systemFactory(this.#workspace)
  }
}

function positionId(migration: string): Ref {
  return brand(`migration-position:${migration}`)
}

import { createHash } from 'node:crypto'
import { brand } from '../../model/brand.ts'
import type { Ref, Unchecked } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { CheckedKey } from '../modules/module-state.ts'
import { MODULE_STATE_DOMAIN, moduleState } from '../modules/module-state.ts'
import type { RestoreMark } from '../restore/restore-mark.ts'
import { systemFactory } from '../shared/system-factory.ts'
import { isStoredDomain } from '../shared/stored-domain.ts'
import { type UniqueConstraint, uniqueConstraints } from '../shared/unique-constraints.ts'
import { commitAsSystem } from '../triggers/module-context.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { type Duplicates, findDuplicates, PAGE } from './find-duplicates.ts'

/**
 * Looks for documents that share a unique key: those that existed when it was declared, and restored ones. It begins
 * when the workspace opens, beside its other work. What it finds is logged and shown to administrators, and new
 * changes are refused as ever. A check of many documents is remembered, until something is restored.
 */
export class UniqueChecks {
  readonly #workspace: Workspace
  readonly #mark: RestoreMark | undefined
  readonly #stop = new AbortController()
  readonly #found: Duplicates[] = []
  #running: Promise<void> = Promise.resolve()

  /** @param mark as read when the workspace opened */
  constructor(workspace: Workspace, mark: RestoreMark | undefined) {
    this.#workspace = workspace
    this.#mark = mark
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (this.#stop.signal.aborted) return
      const { id, logger } = this.#workspace
      logger.warn({ err: error, workspace: id }, 'unique keys were not checked: the next opening does it')
    })
  }

  get duplicates(): readonly Duplicates[] {
    return this.#found
  }

  /** Resolves when all constraints were checked. */
  async done(): Promise<void> {
    await this.#running
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the workspace closes'))
    await this.#running
  }

  async #run(): Promise<void> {
    const { model } = this.#workspace
    const meant = uniqueConstraints(model.hierarchy).filter(({ domain }) => isStoredDomain(domain))
    if (meant.length === 0) return
    const marks = await this.#readMarks(meant)
    for (const constraint of meant) {
      if (this.#isValid(marks.get(markId(constraint)))) continue
      const from = this.#workspace.lastSeq()
      const { scanned, duplicates } = await findDuplicates(this.#workspace, constraint, this.#stop.signal)
      if (duplicates !== undefined) this.#report(duplicates)
      else if (scanned > PAGE) await this.#remember(constraint, from, marks.has(markId(constraint)))
    }
  }

  #report(duplicates: Duplicates): void {
    const { id: workspace, logger } = this.#workspace
    this.#found.push(duplicates)
    logger.error({ workspace, ...duplicates }, 'documents share a unique key: change or remove all but one')
  }

  async #readMarks(
    constraints: readonly UniqueConstraint[],
  ): Promise<ReadonlyMap<string, Unchecked<CheckedKey>>> {
    const found = await this.#workspace.storage.get(MODULE_STATE_DOMAIN, constraints.map(markId))
    return new Map(found.map((doc): [string, Unchecked<CheckedKey>] => [doc._id, doc]))
  }

  /** A restore since the check may have brought duplicates. */
  #isValid(mark: Unchecked<CheckedKey> | undefined): boolean {
    if (mark?.seq === undefined || mark.epoch !== this.#workspace.storage.epoch) return false
    return this.#mark === undefined || this.#mark.seq <= mark.seq
  }

  async #remember(constraint: UniqueConstraint, seq: number, isKnown: boolean): Promise<void> {
    const { CheckedKey } = moduleState.class
    const factory = systemFactory(this.#workspace)
    const place = { _id: markId(constraint), _class: CheckedKey, space: core.space.Configuration }
    const fields = { key: constraint.name, epoch: this.#workspace.storage.epoch, seq }
    const tx = isKnown
      ? factory.update(place, fields)
      : factory.create(CheckedKey, place.space, fields, { _id: place._id })
    await commitAsSystem(this.#workspace, [tx])
  }
}

function markId({ name }: UniqueConstraint): Ref {
  return brand(`unique:${createHash('sha1').update(name).digest('hex')}`)
}

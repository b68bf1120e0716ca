import type { Account, Class, Doc, Ref } from '../../model/documents.ts'
import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import { openWorkspace } from '../../pipeline/open-workspace.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import { Permissions } from '../../pipeline/permissions/permissions.ts'
import { readSpaces } from '../../pipeline/permissions/read-spaces.ts'
import type { Affected } from '../../pipeline/push/affected.ts'
import { innerChange } from '../../model/inner-change.ts'
import type { Push } from '../../pipeline/push/push.ts'
import { readModel } from '../../pipeline/reads/read-model.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import type { Storage } from '../../storage/contract.ts'
import { verifyLog } from '../../pipeline/verify/verify-log.ts'
import { base, caller } from '../support/test-pipeline.ts'
import { TestLog } from '../support/test-server.ts'
import { change } from '../support/transactions.ts'
import { Chance, hostileTransaction, people } from './hostile-transactions.ts'
import { Reference } from './reference.ts'
import { pushAll } from '../../model/push-all.ts'
import { expectEqual } from '../support/expecting.ts'

const roles = { olga: 'OWNER', max: 'MAINTAINER', ann: 'USER', bob: 'USER', gus: 'GUEST' } as const
const callers = people.map((name) => caller(name, { role: roles[name as keyof typeof roles] }))
const system = caller('system', { system: true })
const asked = ['board:class:Task', 'board:class:Comment', 'core:class:Space', 'core:class:Preference']
const spaceIds = ['open', 's1', 's2', 's3', 'nowhere', 'note1', 'core:space:Space']
const STEPS = 12
/** Transactions have an earlier time. */
const NOW = 1000

export interface RunSummary {
  sent: number
  accepted: number
}

/** One workspace, some steps of hostile members, and a comparison with the reference model after each. */
export async function hostileRun(
  seed: number,
  storage: Storage = createMemoryStorage(),
): Promise<RunSummary> {
  const run = new Run(new Chance(seed), storage, seed % 2 === 0 ? 'nobody' : 'maintainers')
  await run.open()
  await run.prepare()
  for (let step = 0; step < STEPS; step++) await run.step()
  await run.reopen()
  await run.end()
  return run.summary
}

class Run {
  readonly summary: RunSummary = { sent: 0, accepted: 0 }
  readonly #chance: Chance
  readonly #storage: Storage
  readonly #imports: 'nobody' | 'maintainers'
  readonly #pushes: Push[] = []
  readonly #indexed: Affected[] = []
  readonly #reference: Reference
  readonly #shown = new Map<Caller, Shown>(callers.map((who) => [who, new Shown()]))
  #pipeline!: Pipeline
  #taken = 0

  constructor(chance: Chance, storage: Storage, imports: 'nobody' | 'maintainers') {
    this.#imports = imports
    this.#chance = chance
    this.#storage = storage
    this.#reference = new Reference(base.documents(), () => this.#pipeline.model.hierarchy)
  }

  async open(): Promise<void> {
    this.#pipeline = await openWorkspace({
      id: 'hostile',
      storage: this.#storage,
      base,
      imports: this.#imports,
      clock: { now: () => NOW },
      logger: new TestLog(),
      committed: (pushes) => pushAll(this.#pushes, pushes),
      indexed: (found) => pushAll(this.#indexed, found),
    })
  }

  async prepare(): Promise<void> {
    const by = 'core:account:System'
    for (const [name, role] of Object.entries(roles))
      await this.#pipeline.tx(
        system,
        created(`account:${name}`, 'core:class:Account', { email: name, role }, by, 'core:space:Model'),
      )
    const members = ['account:ann', 'account:olga']
    for (const [id, isPrivate, owner] of [
      ['s1', false, 'ann'],
      ['s2', true, 'ann'],
    ] as const) {
      const who = callers.find(({ email }) => email === owner) as Caller
      const attributes = { name: id, description: '', private: isPrivate, members, archived: false }
      await this.#pipeline.tx(
        who,
        created(id, 'core:class:Space', attributes, who.account, 'core:space:Space'),
      )
      await this.#pipeline.tx(
        who,
        created(id === 's1' ? 't1' : 't2', 'board:class:Task', { title: 'some words' }, who.account, id),
      )
    }
    await this.#takeLog(undefined)
    for (const [who, shown] of this.#shown)
      shown.load(await this.#find(who, 'board:class:Task'), this.#pipeline.lastSeq())
    this.#pushes.length = 0
    this.#indexed.length = 0
  }

  async step(): Promise<void> {
    const who = this.#chance.pick(callers)
    const tx = hostileTransaction(this.#chance, who.account)
    this.summary.sent += 1
    const before = this.#pipeline.lastSeq()
    const result = await this.#pipeline.tx(who, tx).catch((error: unknown) => error)
    expectEqual(
      !(result instanceof Error) || result instanceof StatusError,
      true,
      `${String(result)}: ${JSON.stringify(tx)}`,
    )
    if (!(result instanceof Error)) this.summary.accepted += 1
    await new Promise(setImmediate)
    const grown = this.#pipeline.lastSeq() - before
    if (result instanceof Error) expectEqual(grown, 0, `refused, and in the log: ${JSON.stringify(tx)}`)
    await this.#takeLog(who)
    await this.#checkDocuments(tx)
    await this.#checkFresh()
    await this.#checkStatuses()
    for (const each of callers) await this.#checkReads(each)
    await this.#checkPushes(before)
  }

  async reopen(): Promise<void> {
    const { hash } = this.#pipeline.model
    await this.#pipeline.close()
    await this.open()
    expectEqual(this.#pipeline.model.hash, hash)
    expectEqual(this.#pipeline.flaws, [])
    expectEqual(this.#pipeline.closedToPeople, undefined)
    for (const each of callers) await this.#checkReads(each)
  }

  async end(): Promise<void> {
    const { storage, model } = this.#pipeline
    const { flaws, differences } = await verifyLog(storage, model.hierarchy)
    expectEqual([flaws, differences], [[], []])
    await this.#pipeline.close()
  }

  /** Each new entry of the log is permitted for its sender. */
  async #takeLog(who: Caller | undefined): Promise<void> {
    const entries = await this.#pipeline.storage.readLog({ after: this.#taken, limit: 1000 })
    const mayImport = who !== undefined && this.#mayImport(who)
    for (const entry of entries) {
      this.#taken = entry.seq
      const flaw = this.#reference.take(entry, who?.account)
      expectEqual(flaw, undefined, `${flaw}, by ${who?.email}: ${JSON.stringify(entry.tx)}`)
      if (who !== undefined) this.#checkTime(mayImport, entry.tx)
    }
    expectEqual(this.#reference.miscounted(), [])
  }

  /** Only callers with the import permission send a time, and none for the model. */
  #checkTime(mayImport: boolean, tx: TxCUD): void {
    const { objectClass } = innerChange(tx)
    const { hierarchy } = this.#reference
    const isOfModel = hierarchy.findClass(objectClass) && hierarchy.domainOf(objectClass) === 'model'
    expectEqual(tx.modifiedOn >= NOW || (mayImport && isOfModel !== true), true, JSON.stringify(tx))
  }

  #mayImport(who: Caller): boolean {
    const role = this.#reference.role(who.account)
    return this.#imports === 'maintainers' && (role === 'OWNER' || role === 'MAINTAINER')
  }

  /** Every change of the documents is in the log. */
  async #checkDocuments(tx: Tx): Promise<void> {
    const { model, storage } = this.#pipeline
    const stored: Doc[] = [...model.documents()]
    for (const { domain } of await storage.storedClasses()) {
      const condition = { op: 'all-of' as const, conditions: [] }
      pushAll(stored, await storage.find({ domain, condition, sort: [], total: false, lookups: [] }))
    }
    const unique = new Map(stored.map((doc) => [this.#reference.key(doc), doc]))
    expectEqual(
      sorted([...unique.values()]),
      sorted([...this.#reference.documents.values()]),
      JSON.stringify(tx),
    )
  }

  /** State in memory equals a fresh read. */
  async #checkFresh(): Promise<void> {
    const { model, storage } = this.#pipeline
    const fresh = await readModel({ workspace: 'hostile', base, storage, logger: new TestLog() })
    expectEqual(fresh.flaws, [])
    expectEqual(fresh.model.hash, model.hash)
    expectEqual(new Set(fresh.model.accounts()), new Set(model.accounts()))
    expectEqual([...fresh.model.hierarchy.classes()].sort(), [...model.hierarchy.classes()].sort())
    const permissions = new Permissions(fresh.model)
    await readSpaces(storage, fresh.model, permissions)
    for (const { account } of callers)
      for (const id of spaceIds)
        expectEqual(permissions.seesSpace(account)(id), this.#receives(account, [id]), `${account} and ${id}`)
    for (const email of ['ann', 'olga', 'eve', 'zoe'])
      expectEqual(fresh.model.accountOf(email)?._id, model.accountOf(email)?._id)
  }

  #receives(account: Ref<Account>, spaces: string[]): boolean {
    const who = callers.find((each) => each.account === account) as Caller
    return this.#pipeline.mayReceive(who, { tx: {} as Tx, audience: { spaces, creator: undefined } })
  }

  async #checkStatuses(): Promise<void> {
    const found = (await this.#find(system, 'core:class:UserStatus')) as (Doc & { user: string })[]
    for (const { user, modifiedBy } of found) expectEqual(user, modifiedBy)
  }

  async #checkReads(who: Caller): Promise<void> {
    const { account } = who
    const reference = this.#reference
    const docs = [...reference.documents.values()]
    for (const _class of asked) {
      const wanted = docs.filter((doc) => reference.hierarchy.isDerived(doc._class, _class))
      const stored = wanted.filter(
        (doc) => reference.hierarchy.domainOf(doc._class) === reference.hierarchy.domainOf(_class),
      )
      const seen = stored.filter((doc) => reference.sees(account, doc) && !isDeclaredSpace(doc))
      expectEqual(idsOf(await this.#find(who, _class)), idsOf(seen), `${account} finds ${_class}`)
    }
    const { docs: hits } = await this.#pipeline.searchFulltext(who, { query: 'words' }, {})
    const texts = docs.filter((doc) => hasWords(doc) && reference.sees(account, doc))
    expectEqual(hits.map(({ id }) => id).sort(), idsOf(texts), `${account} searches`)
    const logged = reference.log.filter(({ tx }) => tx.space !== 'core:space:DerivedTx')
    const seen = logged.filter((entry) => reference.seesEntry(account, entry)).map(({ tx }) => tx._id)
    expectEqual(
      idsOf(await this.#find(who, 'core:class:TxCUD')),
      [...seen].sort(),
      `${account} reads the log`,
    )
  }

  /** The pushes contain what the account may see, now and after a resume, and keep a client’s display exact. */
  async #checkPushes(before: number): Promise<void> {
    const pushes = this.#pushes.splice(0)
    const entries = this.#reference.log.filter(({ seq }) => seq > before)
    const indexed = this.#indexed.splice(0)
    for (const who of callers) {
      const received = pushes.filter((push) => this.#pipeline.mayReceive(who, push))
      const seqs = received.flatMap(({ seq }) => seq ?? [])
      const seen = entries
        .filter((entry) => this.#reference.seesEntry(who.account, entry))
        .map(({ seq }) => seq)
      expectEqual(seqs, seen, `${who.email} hears`)
      const known = entries.filter(({ seq }) => seen.includes(seq)).map(({ tx }) => innerChange(tx))
      // The effect of a model change on a class is announced to everyone, as the model is.
      const isOfModel = known.some(({ objectSpace }) => objectSpace === 'core:space:Model')
      for (const { _class, audience } of indexed)
        if (audience === undefined || this.#pipeline.mayReceive(who, { tx: {} as Tx, audience }))
          expectEqual(
            isOfModel || known.some(({ objectClass }) => objectClass === _class),
            true,
            `${who.email} is told of ${_class}`,
          )
      const missed = await this.#pipeline.catchUp(who, { after: before, most: 1000 })
      if (missed !== undefined)
        expectEqual(
          missed.pushes.map(({ seq }) => seq),
          seen,
        )
      const shown = this.#shown.get(who) as Shown
      if (received.some(({ tx }) => tx._class === 'core:class:TxWorkspaceEvent' && isSecurityChange(tx)))
        shown.load(await this.#find(who, 'board:class:Task'), this.#pipeline.lastSeq())
      else for (const push of received) shown.apply(push)
      expectEqual(shown.ids(), idsOf(await this.#find(who, 'board:class:Task')), `${who.email} shows`)
    }
  }

  async #find(who: Caller, _class: string): Promise<Doc[]> {
    return (await this.#pipeline.find(who, { _class: _class as Ref<Class>, query: {}, options: {} })) as Doc[]
  }
}

/** Tasks as displayed by a client that only receives pushes. */
class Shown {
  readonly #docs = new Map<string, Doc>()
  #seq = 0

  load(docs: readonly Doc[], seq: number): void {
    this.#docs.clear()
    for (const doc of docs) this.#docs.set(doc._id, doc)
    this.#seq = seq
  }

  apply({ tx, seq = 0 }: Push): void {
    if (seq <= this.#seq) return
    const { _id, _class } = targetOf(tx as TxCUD)
    if (_class !== 'board:class:Task') return
    const after = applyTransaction(this.#docs.get(_id), tx as TxCUD)
    if (after === undefined) this.#docs.delete(_id)
    else this.#docs.set(_id, after)
  }

  ids(): string[] {
    return [...this.#docs.keys()].sort()
  }
}

function isSecurityChange(tx: Tx): boolean {
  return (tx as Tx & { event?: number }).event === 3
}

/** Spaces that modules declare are documents of the model, which a find of spaces does not return. */
function isDeclaredSpace({ _id, _class }: Doc): boolean {
  return base.get(_id)?._class === _class
}

function hasWords(doc: Doc): boolean {
  const { title, message, _class } = doc as Doc & { title?: unknown; message?: unknown }
  const text = _class === 'board:class:Task' ? title : _class === 'board:class:Comment' ? message : ''
  return typeof text === 'string' && text.includes('words')
}

function idsOf(docs: readonly Doc[]): string[] {
  return docs.map(({ _id }) => String(_id)).sort()
}

function sorted(docs: readonly Doc[]): Doc[] {
  return docs.toSorted((a, b) => (`${a._class}/${a._id}` < `${b._class}/${b._id}` ? -1 : 1))
}

function created(id: string, _class: string, attributes: object, by: string, space: string): Tx {
  return change('core:class:TxCreateDoc', id, _class, { by, space }, { attributes })
}

import type { Account, Class, Doc, Domain, Ref, Space } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import type { Condition, FindPlan, LookupPlan, Path } from '../../model/query/plan.ts'
import type { Caller } from '../caller.ts'
import type { Audience } from '../push.ts'
import type { SearchRequest } from '../storage/contract.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import { type Affected, SpaceIndex } from './space-index.ts'

/** Where a transaction in the log names a space. */
const spacesNamed: readonly Path[] = [
  ['objectSpace'],
  ['objectId'],
  ['operations', 'space'],
  ['tx', 'objectSpace'],
  ['tx', 'operations', 'space'],
]

/**
 * Who sees what. A private space, what is in it, and what happened in it, is for its members; documents of
 * classes that say so are for who created them. The system and administrators see everything.
 */
export class Permissions {
  readonly #model: WorkspaceModel
  readonly #spaces = new SpaceIndex()

  constructor(model: WorkspaceModel) {
    this.#model = model
  }

  /** A space was read or changed; tells whose view of it changed. */
  spaceChanged(id: string, space: Space | undefined): Affected {
    return this.#spaces.set(id, space, () => this.#model.accounts())
  }

  /** All spaces are about to be read anew. */
  forgetSpaces(): void {
    this.#spaces.clear()
  }

  isSpace({ _class }: Doc): boolean {
    return this.#hierarchy.isDerived(_class, core.class.Space)
  }

  /** Whether documents of the class are for who created them only. */
  isForCreator(_class: Ref<Class>): boolean {
    return this.#hierarchy.creatorsOnly().has(_class)
  }

  isHidden(space: string, account: Ref<Account>): boolean {
    return this.#spaces.isHidden(space, account)
  }

  /** Who may hear of a change of the document; `undefined`: everyone. */
  audienceOf(before: Doc | undefined, after: Doc | undefined): Audience | undefined {
    const spaces = new Set<string>()
    let creator: Ref<Account> | undefined
    for (const doc of [before, after]) {
      if (doc === undefined) continue
      spaces.add(doc.space)
      if (this.isSpace(doc)) spaces.add(doc._id)
      if (this.isForCreator(doc._class)) creator = doc.createdBy
    }
    const restricting = [...spaces].filter(
      (space) => this.#spaces.isPrivate(space) || isPrivateSpace(space, before, after),
    )
    if (restricting.length === 0 && creator === undefined) return undefined
    return { spaces: restricting, creator }
  }

  /** Who may hear of a transaction of which only the log tells. */
  audienceOfLogged(tx: Tx): Audience | undefined {
    const { tx: inner = tx } = tx as { tx?: Tx }
    const change = inner as TxCUD & { operations?: { space?: unknown } }
    const named = [change.objectSpace, change.objectId, change.operations?.space]
    const spaces = named.filter(
      (id): id is Ref<Space> => typeof id === 'string' && this.#spaces.isPrivate(id),
    )
    const creator = this.isForCreator(change.objectClass) ? change.modifiedBy : undefined
    return spaces.length === 0 && creator === undefined ? undefined : { spaces, creator }
  }

  /** Accounts that see one of two spaces and not the other. */
  seeOnlyOne(first: string, second: string): ReadonlySet<Ref<Account>> {
    const accounts = [...this.#model.accounts()]
    return new Set(
      accounts.filter((account) => this.isHidden(first, account) !== this.isHidden(second, account)),
    )
  }

  mayReceive(caller: Caller, { spaces, creator, accounts }: Audience): boolean {
    if (seesEverything(caller)) return accounts === undefined
    if (accounts !== undefined) return accounts.has(caller.account)
    if (creator !== undefined && creator !== caller.account) return false
    return spaces.every((space) => !this.#spaces.isHidden(space, caller.account))
  }

  /** The plan, and what it joins, narrowed to what the caller may see. */
  restrict(plan: FindPlan, caller: Caller): FindPlan {
    if (seesEverything(caller)) return plan
    const condition = this.#narrow(plan.domain, plan.condition, caller.account)
    const lookups = this.#narrowLookups(plan.lookups, caller.account)
    return condition === plan.condition && lookups === plan.lookups ? plan : { ...plan, condition, lookups }
  }

  /** What full-text search leaves out for the caller. */
  excluded(caller: Caller): NonNullable<SearchRequest['excluded']> {
    if (seesEverything(caller)) return { spaces: [], classes: [] }
    const { account } = caller
    const classes = [...this.#hierarchy.creatorsOnly()]
    return { spaces: this.#spaces.hiddenFrom(account), classes, creator: account }
  }

  get #hierarchy(): Hierarchy {
    return this.#model.hierarchy
  }

  #narrowLookups(lookups: LookupPlan[], account: Ref<Account>): LookupPlan[] {
    let changed = false
    const narrowed = lookups.map((lookup) => {
      const condition = this.#narrow(lookup.domain, lookup.condition, account)
      const nested = this.#narrowLookups(lookup.nested, account)
      if (condition === lookup.condition && nested === lookup.nested) return lookup
      changed = true
      return { ...lookup, condition, nested }
    })
    return changed ? narrowed : lookups
  }

  #narrow(domain: Domain, condition: Condition, account: Ref<Account>): Condition {
    if (domain === domains.model || domain === domains.transient) return condition
    const rules = [...this.#spaceRules(domain, condition, account), ...this.#creatorRules(domain, account)]
    return rules.length === 0 ? condition : { op: 'all-of', conditions: [condition, ...rules] }
  }

  #spaceRules(domain: Domain, condition: Condition, account: Ref<Account>): Condition[] {
    const hidden = this.#spaces.hiddenFrom(account)
    if (hidden.length === 0) return []
    const paths =
      domain === domains.tx ? spacesNamed : this.#hasSpaces(domain) ? [['space'], ['_id']] : [['space']]
    const asked = domain === domains.tx ? undefined : spaceAskedFor(condition)
    // Whoever asks for one space he sees needs no rule about the others.
    if (asked !== undefined && paths.length === 1 && !this.#spaces.isHidden(asked, account)) return []
    return paths.map((path) => ({ op: 'nin', path, values: [...hidden] }))
  }

  #creatorRules(domain: Domain, account: Ref<Account>): Condition[] {
    const classes = [...this.#hierarchy.creatorsOnly()]
    const inDomain = classes.filter(
      (_class) => domain === domains.tx || this.#hierarchy.domainOf(_class) === domain,
    )
    if (inDomain.length === 0) return []
    const path = domain === domains.tx ? ['objectClass'] : ['_class']
    const own = domain === domains.tx ? ['modifiedBy'] : ['createdBy']
    const conditions: Condition[] = [
      { op: 'nin', path, values: inDomain },
      { op: 'eq', path: own, value: account },
    ]
    return [{ op: 'any-of', conditions }]
  }

  #hasSpaces(domain: Domain): boolean {
    return this.#hierarchy.domainOf(core.class.Space) === domain || this.#otherSpaceDomains().has(domain)
  }

  #otherSpaceDomains(): ReadonlySet<Domain> {
    const found = new Set<Domain>()
    for (const _class of this.#hierarchy.descendants(core.class.Space)) {
      const domain = this.#hierarchy.domainOf(_class)
      if (domain !== undefined) found.add(domain)
    }
    return found
  }
}

export function seesEverything({ system, admin }: Caller): boolean {
  return system || admin
}

/** A space that is private before or after this very change. */
function isPrivateSpace(id: string, before: Doc | undefined, after: Doc | undefined): boolean {
  return [before, after].some((doc) => doc?._id === id && (doc as Space).private)
}

function spaceAskedFor(condition: Condition): string | undefined {
  if (condition.op === 'eq' && condition.path.length === 1 && condition.path[0] === 'space') {
    return typeof condition.value === 'string' ? condition.value : undefined
  }
  if (condition.op !== 'all-of') return undefined
  for (const inner of condition.conditions) {
    const asked = spaceAskedFor(inner)
    if (asked !== undefined) return asked
  }
  return undefined
}

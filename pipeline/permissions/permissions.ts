import type { Account, Doc, Domain, Ref, Space, Unchecked } from '../../model/documents.ts'
import type { Hierarchy } from '../../model/hierarchy.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { Condition, FindPlan, LookupPlan } from '../../model/query/plan.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import type { Caller } from '../shared/caller.ts'
import type { Audience } from '../push/push.ts'
import type { SearchRequest } from '../../storage/contract.ts'
import { type AccountSet, includes, inOneOnly } from '../push/account-set.ts'
import { audienceOfLogEntry, changesVisibility, logVisibilityCondition } from './log-visibility.ts'
import { SpaceIndex } from './space-index.ts'

/** Whether a space is visible, now or after a commit. */
export type SeesSpace = (id: string) => boolean

/**
 * Visibility of documents. Readers of a space see the documents in it: everyone for a public space, the members for a
 * private one, nobody for a missing one. Documents of some classes are visible to their creator only, and documents
 * of unknown classes to nobody. The system and administrators see everything.
 */
export class Permissions {
  readonly #model: WorkspaceModel
  readonly #spaces = new SpaceIndex()

  constructor(model: WorkspaceModel) {
    this.#model = model
  }

  /** A space was read or changed. Returns the accounts whose view of it changed. */
  spaceChanged(domain: Domain, id: string, space: Unchecked<Space> | undefined): AccountSet {
    return this.#spaces.set(domain, id, space)
  }

  /** The domain that contains the space; `undefined` if there is no such space. */
  homeOf(space: string): Domain | undefined {
    return this.#spaces.homeOf(space)
  }

  /** Whether the space exists: a space of the server, or a stored one. */
  hasSpace(id: string): boolean {
    return this.#spaces.has(id)
  }

  /** Forgets all spaces before they are read again. */
  forgetSpaces(): void {
    this.#spaces.clear()
  }

  /** Domains that contain spaces, with the classes of spaces; `undefined`: every document of the domain is a space. */
  spaceDomains(): ReadonlyMap<Domain, readonly string[] | undefined> {
    return spaceDomainsOf(this.#hierarchy)
  }

  /** Whether the document is a space, even if its class is unknown. */
  isSpace(domain: Domain, { _class }: Pick<Doc, '_class'>): boolean {
    return domain === domains.space || this.#hierarchy.isDerived(_class, core.class.Space)
  }

  seesSpace(account: Ref<Account>): SeesSpace {
    return (id) => this.#spaces.isVisible(id, account)
  }

  /** Whether an account that sees these spaces sees the document. */
  sees(account: Ref<Account>, doc: Doc, seesSpace: SeesSpace, hierarchy = this.#hierarchy): boolean {
    if (hierarchy.findClass(doc._class) === undefined || !seesSpace(doc.space)) return false
    if (hierarchy.isDerived(doc._class, core.class.Space) && !seesSpace(doc._id)) return false
    return !hierarchy.creatorsOnly().has(doc._class) || doc.createdBy === account
  }

  /** The accounts that may learn of a change of the document. */
  audienceOf(before: Doc | undefined, after: Doc | undefined): Audience {
    const hierarchy = this.#hierarchy
    const doc = after ?? before
    if (doc === undefined) return { spaces: [], creator: null }
    const spaces: string[] = [doc.space]
    if (before !== undefined && before.space !== doc.space) spaces.push(before.space)
    if (hierarchy.isDerived(doc._class, core.class.Space)) spaces.push(doc._id)
    const isForCreator = hierarchy.creatorsOnly().has(doc._class)
    return { spaces, creator: isForCreator ? (doc.createdBy ?? null) : undefined }
  }

  /** The accounts that may learn of a transaction, according to the log alone. */
  audienceOfLogEntry(tx: TxCUD): Audience {
    return audienceOfLogEntry(this.#hierarchy, tx)
  }

  /** The audience; `undefined` if it includes everyone now. */
  narrowed(audience: Audience | undefined): Audience | undefined {
    if (audience === undefined) return undefined
    const { spaces, creator, accounts } = audience
    if (creator !== undefined || accounts !== undefined) return audience
    for (const id of spaces) if (!this.#spaces.isOpen(id)) return audience
    return undefined
  }

  /** Whether a log entry may have changed what the account sees. */
  changesVisibility(account: Ref<Account>, tx: TxCUD): boolean {
    return changesVisibility(this.#hierarchy, this.seesSpace(account), tx)
  }

  /** Accounts that see exactly one of two spaces. */
  seeOnlyOne(first: string, second: string): AccountSet {
    return inOneOnly(this.#spaces.readersOf(first), this.#spaces.readersOf(second))
  }

  /** Whether the audience includes the caller, given the spaces that the account sees. */
  mayReceive(
    caller: Caller,
    { spaces, creator, accounts }: Audience,
    seesSpace = this.seesSpace(caller.account),
  ): boolean {
    if (seesEverything(caller)) return accounts === undefined
    if (accounts !== undefined) return includes(accounts, caller.account)
    if (creator !== undefined && creator !== caller.account) return false
    return spaces.every(seesSpace)
  }

  /** Adds the caller's permissions to the plan and its lookups. */
  restrict(plan: FindPlan, caller: Caller): FindPlan {
    if (seesEverything(caller)) return plan
    const condition = this.#narrow(plan.domain, plan.condition, caller.account)
    const lookups = this.#narrowLookups(plan.lookups, caller.account)
    return condition === plan.condition && lookups === plan.lookups ? plan : { ...plan, condition, lookups }
  }

  /** The caller's permissions for full-text search; `undefined`: no restriction. */
  searchable(caller: Caller): SearchRequest['visible'] {
    if (seesEverything(caller)) return undefined
    const hierarchy = this.#hierarchy
    return {
      account: caller.account,
      spaces: this.#spaces.visibleTo(caller.account),
      classes: [...hierarchy.classes()],
      spaceClasses: hierarchy.descendants(core.class.Space),
      creatorClasses: [...hierarchy.creatorsOnly()],
    }
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
    if (domain === domains.model) return condition
    const rules =
      domain === domains.tx
        ? [logVisibilityCondition(this.#hierarchy, account, this.#spaces.visibleTo(account))]
        : [...this.#spaceRules(domain, condition, account), ...this.#creatorRules(domain, account)]
    return rules.length === 0 ? condition : { op: 'all-of', conditions: [condition, ...rules] }
  }

  #spaceRules(domain: Domain, condition: Condition, account: Ref<Account>): Condition[] {
    const isVisible = (path: string): Condition => {
      return { op: 'in', path: [path], values: this.#spaces.visibleTo(account), isRule: true }
    }
    const rules: Condition[] = []
    const asked = spaceAskedFor(condition)
    // A query for one visible space needs no rule about others.
    if (asked === undefined || !this.#spaces.isVisible(asked, account)) rules.push(isVisible('space'))
    const spaces = this.spaceDomains()
    if (!spaces.has(domain)) return rules
    const classes = spaces.get(domain)
    if (classes === undefined) return [...rules, isVisible('_id')]
    const isOther: Condition = { op: 'nin', path: ['_class'], values: [...classes] }
    return [...rules, { op: 'any-of', conditions: [isOther, isVisible('_id')] }]
  }

  #creatorRules(domain: Domain, account: Ref<Account>): Condition[] {
    const classes = [...this.#hierarchy.creatorsOnly()]
    const inDomain = classes.filter((_class) => this.#hierarchy.domainOf(_class) === domain)
    if (inDomain.length === 0) return []
    const conditions: Condition[] = [
      { op: 'nin', path: ['_class'], values: inDomain },
      { op: 'eq', path: ['createdBy'], value: account },
    ]
    return [{ op: 'any-of', conditions }]
  }
}

export function seesEverything({ system, admin }: Caller): boolean {
  return system || admin
}

const knownSpaceDomains = new WeakMap<Hierarchy, ReadonlyMap<Domain, readonly string[] | undefined>>()

function spaceDomainsOf(hierarchy: Hierarchy): ReadonlyMap<Domain, readonly string[] | undefined> {
  const known = knownSpaceDomains.get(hierarchy)
  if (known !== undefined) return known
  const found = new Map<Domain, string[] | undefined>([[domains.space, undefined]])
  for (const _class of hierarchy.descendants(core.class.Space)) {
    const domain = hierarchy.domainOf(_class)
    if (domain === undefined || domain === domains.space) continue
    found.set(domain, [...(found.get(domain) ?? []), _class])
  }
  knownSpaceDomains.set(hierarchy, found)
  return found
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

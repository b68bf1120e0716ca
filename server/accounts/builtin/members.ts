import { z } from 'zod'
import { foldEmail } from '../../../model/email.ts'
import { AccountRole } from '../../../model/documents.ts'
import { StatusError } from '../../../model/status.ts'
import { isMaintainer, rankOf } from '../../../pipeline/permissions/role.ts'
import { parseParams } from '../../../protocol/parse-params.ts'
import type { Token } from '../../auth/tokens.ts'
import { KeyedQueue } from '../../time/keyed-queue.ts'
import type { AccessObserver } from '../access-observer.ts'
import { type AccountsStore, creation } from './accounts-store.ts'
import { checkScope, isPrivileged } from './authority.ts'
import { forbidden } from './errors.ts'
import { accounts, type Membership, membershipId } from './model.ts'
import { email } from './parameters.ts'
import type { People } from './people.ts'
import { workspaceOf } from './workspace-of.ts'

export interface MembersOptions {
  store: AccountsStore
  people: People
  observer: AccessObserver
}

const role = z.enum(Object.values(AccountRole))

/** The memberships: who may enter which workspace, with which role. */
export class Members {
  readonly #options: MembersOptions
  /** Changes take turns by workspace, so two owners who remove each other at once do not both succeed. */
  readonly #changes = new KeyedQueue()

  constructor(options: MembersOptions) {
    this.#options = options
  }

  /** @param person folded email */
  async find(workspace: string, person: string): Promise<Membership | undefined> {
    return await this.#options.store.get(accounts.class.Membership, membershipId(workspace, person))
  }

  /** Memberships of a person. */
  async of(person: string): Promise<Membership[]> {
    return await this.#options.store.find(accounts.class.Membership, { email: person })
  }

  async assign(token: Token, params: unknown[]): Promise<unknown> {
    const [address, workspace, given = AccountRole.User] = parseParams(
      z.tuple([email, z.string(), role.optional()]),
      params,
    )
    checkScope(token, workspace)
    return await this.#changes.run(workspace, async () => {
      await workspaceOf(this.#options.store, workspace)
      const known = await this.find(workspace, foldEmail(address))
      await this.#checkRank(token, workspace, { known, given })
      const person = await this.#options.people.get(address)
      if (given !== AccountRole.Owner) await this.#checkOwners(known)
      await this.#make(known, { workspace, email: person._id, role: given })
      return { email: person.email, workspaceId: workspace, role: given }
    })
  }

  async remove(token: Token, params: unknown[]): Promise<unknown> {
    const [address, workspace] = parseParams(z.tuple([email, z.string()]), params)
    checkScope(token, workspace)
    return await this.#changes.run(workspace, async () => {
      await workspaceOf(this.#options.store, workspace)
      const person = foldEmail(address)
      const known = await this.find(workspace, person)
      if (person !== token.person) await this.#checkRank(token, workspace, { known })
      if (known === undefined) throw new StatusError('platform:status:AccountNotFound', { email: address })
      await this.#checkOwners(known)
      const { store, observer } = this.#options
      await store.commit((factory) => [factory.remove(known)])
      await observer.memberRemoved(workspace, person)
      return { email: address, workspaceId: workspace }
    })
  }

  /** Stores the membership and applies it to open sessions. */
  async #make(
    known: Membership | undefined,
    given: { workspace: string; email: string; role: AccountRole },
  ): Promise<void> {
    const { store, observer } = this.#options
    const { Membership } = accounts.class
    const { workspace, email: person, role } = given
    if (known === undefined)
      await store.commit((factory) => [creation(factory, Membership, membershipId(workspace, person), given)])
    else if (known.role !== role) await store.update(Membership, known._id, { role })
    await observer.roleChanged(workspace, person, role)
  }

  /** Nobody assigns a role above the own one, or changes the role of a member above. */
  async #checkRank(
    token: Token,
    workspace: string,
    { known, given }: { known: Membership | undefined; given?: AccountRole },
  ): Promise<void> {
    if (isPrivileged(token)) return
    const own = (await this.find(workspace, token.person))?.role
    if (!isMaintainer(own)) throw forbidden('only owners and maintainers say who is a member')
    if (Math.max(rankOf(given), rankOf(known?.role)) > rankOf(own))
      throw forbidden(`a ${own} changes nothing above the own role`)
  }

  /** The last owner of a workspace stays its owner. */
  async #checkOwners(known: Membership | undefined): Promise<void> {
    if (known?.role !== AccountRole.Owner) return
    const { workspace } = known
    const owners = await this.#options.store.find(accounts.class.Membership, {
      workspace,
      role: AccountRole.Owner,
    })
    if (owners.length < 2) throw forbidden(`${known.email} is the last owner of ${workspace}`)
  }
}

import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { AccountRole } from '../../../model/documents.ts'
import { StatusError } from '../../../model/status.ts'
import type { DocumentQuery } from '../../../model/query/query.ts'
import { parse } from '../../sessions/methods.ts'
import { SYSTEM_EMAIL, type Token, type Tokens } from '../../tokens.ts'
import type { ModelVersion } from '../accounts-client.ts'
import type { AccountsStore } from './accounts-store.ts'
import { accounts, type Membership, type Workspace } from './model.ts'
import { Passwords } from './passwords.ts'

export interface ServiceOptions {
  store: AccountsStore
  tokens: Tokens
  now: () => number
  modelVersion: ModelVersion
  /** Seconds a token lives. */
  tokenTtl: number
  signup: 'open' | 'closed'
  /** Where sessions connect to. */
  endpoint: () => string
}

type Method = (token: Token | undefined, params: unknown[]) => Promise<unknown>

/** Wrong passwords an email may have in {@link ATTEMPT_WINDOW} milliseconds. */
const MAX_ATTEMPTS = 10
const ATTEMPT_WINDOW = 5 * 60_000
const MIN_PASSWORD = 8
/** Milliseconds between two notes of a last visit: it tells the day, not the second. */
const VISIT_RESOLUTION = 60_000

const email = z.string().trim().min(1).max(256)
const workspaceId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes')
const role = z.enum(Object.values(AccountRole))
const password = z.string().min(MIN_PASSWORD).max(1024)
const versionSchema = z.object({ major: z.number(), minor: z.number(), patch: z.number() })

/** People, workspaces, and who may enter which: the JSON-RPC a remote accounts service speaks too. */
export class AccountsService {
  readonly #options: ServiceOptions
  readonly #passwords = new Passwords()
  readonly #attempts = new LRUCache<string, number>({ max: 10_000, ttl: ATTEMPT_WINDOW })
  readonly #methods: ReadonlyMap<string, Method>

  constructor(options: ServiceOptions) {
    this.#options = options
    this.#methods = new Map<string, Method>([
      ['createAccount', (token, params) => this.#createAccount(token, params)],
      ['login', (_token, params) => this.#login(params)],
      ['createWorkspace', (token, params) => this.#createWorkspace(required(token), params)],
      ['selectWorkspace', (token, params) => this.#selectWorkspace(required(token), params)],
      ['getWorkspaceInfo', (token, params) => this.#getWorkspaceInfo(required(token), params)],
      ['listWorkspaces', (token) => this.#listWorkspaces(required(token))],
      ['assignWorkspace', (token, params) => this.#assignWorkspace(required(token), params)],
      ['updateWorkspace', (token, params) => this.#updateWorkspace(required(token), params)],
    ])
  }

  /** @throws StatusError */
  async call(rawToken: string | undefined, method: string, params: unknown[]): Promise<unknown> {
    const run = this.#methods.get(method)
    if (run === undefined) throw new StatusError('platform:status:UnknownMethod', { method })
    const token = rawToken === undefined ? undefined : this.#options.tokens.verify(rawToken)
    return await run(token, params)
  }

  async #createAccount(token: Token | undefined, params: unknown[]): Promise<unknown> {
    const admin = token?.admin === true
    const [address, secret] = parse(z.tuple([email, admin ? password.optional() : password]), params)
    if (address === SYSTEM_EMAIL || (this.#options.signup === 'closed' && !admin))
      throw forbidden('sign-up is closed')
    const kept = secret === undefined ? {} : { password: await this.#passwords.hash(secret) }
    await this.#options.store
      .create(accounts.class.Person, address, { email: address, ...kept })
      .catch((error: unknown) =>
        rethrow(error, 'core:status:ObjectExists', 'platform:status:AccountExists', { email: address }),
      )
    return { email: address, token: this.#sign({ email: address }) }
  }

  async #login(params: unknown[]): Promise<unknown> {
    const [address, secret] = parse(z.tuple([email, z.string().max(1024)]), params)
    const attempts = this.#attempts.get(address) ?? 0
    if (attempts >= MAX_ATTEMPTS) {
      throw new StatusError('platform:status:LimitReached', { limit: 'wrong passwords', value: MAX_ATTEMPTS })
    }
    // Counted before the check: many at once must not pass together.
    this.#attempts.set(address, attempts + 1)
    const person = await this.#options.store.get(accounts.class.Person, address)
    if (!(await this.#passwords.match(secret, person?.password ?? undefined))) {
      throw new StatusError('platform:status:InvalidCredentials')
    }
    this.#attempts.delete(address)
    return { email: address, token: this.#sign({ email: address }) }
  }

  async #createWorkspace(token: Token, params: unknown[]): Promise<unknown> {
    const [name] = parse(z.tuple([z.string().trim().min(1).max(256)]), params)
    const id = slug(name)
    const { store, modelVersion } = this.#options
    await store
      .create(accounts.class.Workspace, id, { name, version: modelVersion })
      .catch((error: unknown) =>
        rethrow(error, 'core:status:ObjectExists', 'platform:status:WorkspaceExists', { workspace: id }),
      )
    if (!isServer(token)) await this.#makeMember(token.email, id, AccountRole.Owner)
    return { workspaceId: id, workspaceUrl: id, workspaceName: name }
  }

  async #selectWorkspace(token: Token, params: unknown[]): Promise<unknown> {
    const [id] = parse(z.tuple([z.string()]), params)
    const { workspace } = await this.#entry(token, id)
    return {
      endpoint: this.#options.endpoint(),
      token: this.#sign({
        email: token.email,
        workspace: id,
        productId: workspace.productId,
      }),
      workspaceId: id,
      workspaceUrl: id,
      email: token.email,
      productId: workspace.productId,
    }
  }

  async #getWorkspaceInfo(token: Token, params: unknown[]): Promise<unknown> {
    const [visit] = parse(
      z.tuple([z.boolean().optional()]),
      params.slice(0, 1).length === 0 ? [undefined] : params.slice(0, 1),
    )
    const { workspace, role: own } = await this.#entry(token, token.workspace)
    if (visit === true) void this.#noteVisit(workspace).catch(() => undefined)
    const { createdBy, createdOn } = workspace
    return {
      workspaceId: workspace._id,
      workspaceUrl: workspace._id,
      workspaceName: workspace.name,
      productId: workspace.productId,
      version: workspace.version,
      disabled: workspace.disabled,
      creating: workspace.creating,
      createProgress: workspace.createProgress,
      upgrade: workspace.upgrade,
      createdBy,
      createdOn,
      lastVisit: workspace.lastVisit,
      role: own,
    }
  }

  async #listWorkspaces(token: Token): Promise<unknown> {
    const { store } = this.#options
    const query = token.admin
      ? {}
      : { _id: { $in: (await this.#membershipsOf(token.email)).map(({ workspace }) => workspace) } }
    const found = await store.find(accounts.class.Workspace, query as DocumentQuery<Workspace>)
    return found.map(({ _id, name, lastVisit, disabled }) => ({
      workspaceId: _id,
      workspaceUrl: _id,
      workspaceName: name,
      lastVisit,
      disabled,
    }))
  }

  async #assignWorkspace(token: Token, params: unknown[]): Promise<unknown> {
    const [address, id, given] = parse(
      z.tuple([email, z.string(), role.optional()]),
      params.length < 3 ? [...params, undefined] : params,
    )
    const assigned = given ?? AccountRole.User
    await this.#mayAssign(token, id, { address, assigned })
    if ((await this.#options.store.get(accounts.class.Person, address)) === undefined) {
      throw new StatusError('platform:status:AccountNotFound', { email: address })
    }
    return await this.#makeMember(address, id, assigned)
  }

  /** Its version after an upgrade, whether it is disabled, how far an upgrade is: for tools. */
  async #updateWorkspace(token: Token, params: unknown[]): Promise<unknown> {
    const change = z.strictObject({
      version: versionSchema.optional(),
      disabled: z.boolean().optional(),
      creating: z.boolean().optional(),
      createProgress: z.number().optional(),
      upgrade: z
        .object({ toProcess: z.number(), total: z.number(), elapsed: z.number(), eta: z.number() })
        .nullish(),
    })
    const [id, operations] = parse(z.tuple([z.string(), change]), params)
    if (!token.admin && !isServer(token) && !(token.mode === 'upgrade' && token.workspace === id)) {
      throw forbidden('only administrators and upgrade tools change a workspace')
    }
    await this.#workspace(id)
    await this.#options.store.update(accounts.class.Workspace, id, operations as Partial<Workspace>)
    return {}
  }

  async #workspace(id: string): Promise<Workspace> {
    const workspace = await this.#options.store.get(accounts.class.Workspace, id)
    if (workspace === undefined) throw new StatusError('platform:status:WorkspaceNotFound', { workspace: id })
    return workspace
  }

  /** The workspace, and the role of who may enter it. */
  async #entry(token: Token, id: string): Promise<{ workspace: Workspace; role: string | undefined }> {
    const workspace = await this.#workspace(id)
    const membership = await this.#options.store.get(accounts.class.Membership, `${id}/${token.email}`)
    if (membership === undefined && !token.admin && !isServer(token) && token.mode === 'user') {
      throw forbidden(`${token.email} is no member of ${id}`)
    }
    return { workspace, role: membership?.role }
  }

  /** Nobody gives a role above his own, or changes that of somebody above him. */
  async #mayAssign(
    token: Token,
    id: string,
    { address, assigned }: { address: string; assigned: AccountRole },
  ): Promise<void> {
    const { role: own } = await this.#entry(token, id)
    if (token.admin || isServer(token)) return
    if (own !== AccountRole.Owner && own !== AccountRole.Maintainer)
      throw forbidden('only owners and maintainers add members')
    const member = await this.#options.store.get(accounts.class.Membership, `${id}/${address}`)
    if (rank(assigned) > rank(own) || rank(member?.role) > rank(own))
      throw forbidden(`a ${own} assigns no role above his own`)
  }

  async #makeMember(address: string, workspace: string, given: AccountRole): Promise<unknown> {
    const id = `${workspace}/${address}`
    const { store } = this.#options
    const known = await store.get(accounts.class.Membership, id)
    if (known === undefined)
      await store.create(accounts.class.Membership, id, { email: address, workspace, role: given })
    else if (known.role !== given) await store.update(accounts.class.Membership, id, { role: given })
    return { email: address, workspaceId: workspace, role: given }
  }

  async #membershipsOf(address: string): Promise<Membership[]> {
    return await this.#options.store.find(accounts.class.Membership, {
      email: address,
    } as DocumentQuery<Membership>)
  }

  async #noteVisit(workspace: Workspace): Promise<void> {
    const now = this.#options.now()
    if (Math.abs(now - (workspace.lastVisit ?? 0)) < VISIT_RESOLUTION) return
    await this.#options.store.update(accounts.class.Workspace, workspace._id, { lastVisit: now })
  }

  #sign(claims: Parameters<Tokens['sign']>[0]): string {
    return this.#options.tokens.sign(claims, this.#options.tokenTtl)
  }
}

/** The least first. */
function rank(role: string | undefined): number {
  return Object.values<string | undefined>(AccountRole).indexOf(role)
}

function required(token: Token | undefined): Token {
  if (token === undefined) throw new StatusError('platform:status:Unauthorized')
  return token
}

function isServer({ email: address }: Token): boolean {
  return address === SYSTEM_EMAIL
}

/** A workspace's id: its name, as far as it can stand in an address. */
function slug(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
  return parse(z.tuple([workspaceId]), [id])[0]
}

function forbidden(message: string): StatusError {
  return new StatusError('platform:status:Forbidden', { message })
}

function rethrow(error: unknown, from: string, ...to: ConstructorParameters<typeof StatusError>): never {
  if (error instanceof StatusError && error.status.code === from) throw new StatusError(...to)
  throw error
}

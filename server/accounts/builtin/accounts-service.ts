import { isIllFormed } from '../../../model/ill-formed-id.ts'
import { StatusError } from '../../../model/status.ts'
import type { Token, Tokens } from '../../auth/tokens.ts'
import type { AccessObserver } from '../access-observer.ts'
import type { ModelVersion } from '../accounts-client.ts'
import type { AccountsStore } from './accounts-store.ts'
import type { LoginLimitsOptions, LoginSettings } from './login-limits.ts'
import { Members } from './members.ts'
import { People } from './people.ts'
import { TokenIssuer, type TokenSettings } from './token-issuer.ts'
import { Workspaces } from './workspaces.ts'

export interface AccountsSettings extends TokenSettings, LoginSettings {
  signup: 'open' | 'closed'
}

export interface ServiceOptions extends LoginLimitsOptions {
  store: AccountsStore
  tokens: Tokens
  observer: AccessObserver
  now: () => number
  modelVersion: ModelVersion
  /** Read each time, as options can change while the server runs. */
  settings: AccountsSettings
  /** The address for sessions. */
  endpoint: () => string
}

type Method = (token: Token, params: unknown[], from: string) => Promise<unknown>

/** People, workspaces and memberships, by the JSON-RPC that a remote accounts service speaks too. */
export class AccountsService {
  readonly #tokens: Tokens
  readonly #people: People
  readonly #methods: ReadonlyMap<string, Method>

  constructor(options: ServiceOptions) {
    const { store, observer, tokens } = options
    this.#tokens = tokens
    const issuer = new TokenIssuer(options)
    const people = new People({ ...options, issuer, isSystem: (person) => tokens.isSystem(person) })
    const members = new Members({ store, people, observer })
    const workspaces = new Workspaces({ ...options, people, members, issuer })
    this.#people = people
    this.#methods = new Map<string, Method>([
      ['changePassword', (token, params, from) => people.changePassword(token, params, from)],
      ['revokeSessions', (token, params) => people.revokeSessions(token, params)],
      ['createWorkspace', (token, params) => workspaces.create(token, params)],
      ['selectWorkspace', (token, params) => workspaces.select(token, params)],
      ['getWorkspaceInfo', (token, params) => workspaces.info(token, params)],
      ['listWorkspaces', (token) => workspaces.list(token)],
      ['updateWorkspace', (token, params) => workspaces.update(token, params)],
      ['assignWorkspace', (token, params) => members.assign(token, params)],
      ['removeMember', (token, params) => members.remove(token, params)],
    ])
  }

  /**
   * @param from address of the client; `''`: the server itself
   * @throws StatusError
   */
  async call(rawToken: string | undefined, method: string, params: unknown[], from = ''): Promise<unknown> {
    // Ids are made of emails and names.
    if (params.some(isIllFormed))
      throw new StatusError('platform:status:BadRequest', { message: 'half of a surrogate pair' })
    // A client that logs in may still send an invalid token.
    if (method === 'login') return await this.#people.login(params, from)
    if (method === 'createAccount')
      return await this.#people.createAccount(await this.#bearer(rawToken), params, from)
    const run = this.#methods.get(method)
    if (run === undefined) throw new StatusError('platform:status:UnknownMethod', { method })
    const token = await this.#bearer(rawToken)
    if (token === undefined) throw new StatusError('platform:status:Unauthorized')
    return await run(token, params, from)
  }

  /** @throws StatusError `platform:status:Unauthorized` when the token was revoked */
  async checkCurrent(token: Token): Promise<void> {
    await this.#people.bearer(token)
  }

  async #bearer(rawToken: string | undefined): Promise<Token | undefined> {
    if (rawToken === undefined) return undefined
    const token = this.#tokens.verify(rawToken)
    await this.checkCurrent(token)
    return token
  }
}

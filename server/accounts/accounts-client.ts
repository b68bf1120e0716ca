import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { AccountRole } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Token } from '../auth/tokens.ts'
import { callAccounts } from './accounts-rpc.ts'

export interface ModelVersion {
  major: number
  minor: number
  patch: number
}

const version = z.object({ major: z.number(), minor: z.number(), patch: z.number() })
const progress = z.object({
  toProcess: z.number(),
  total: z.number(),
  elapsed: z.number(),
  eta: z.number(),
})

const infoSchema = z.object({
  workspaceId: z.string(),
  workspaceUrl: z.string().nullish(),
  workspaceName: z.string().nullish(),
  productId: z.string().nullish(),
  version: version.nullish(),
  creating: z.boolean().nullish(),
  createProgress: z.number().nullish(),
  disabled: z.boolean().nullish(),
  upgrade: progress.nullish(),
  role: z.enum(Object.values(AccountRole)).nullish(),
})

/** The description of a workspace that the accounts service gives the bearer of a token. */
export type WorkspaceInfo = z.output<typeof infoSchema> & {
  /** The role of a new account; an existing account keeps its role. The accounts service never sends it. */
  initialRole?: AccountRole
}

export interface AccountsClient {
  /** @throws StatusError of the service's response, or `platform:status:Unavailable` without one */
  getWorkspaceInfo: (token: Token) => Promise<WorkspaceInfo>
  /** Invalidates the cached responses for a workspace, or all of them. */
  forget: (workspace?: string) => void
  /** Invalidates the cached responses for a person's tokens. @param person folded email */
  forgetPerson: (person: string) => void
}

/** Without an accounts service every valid token is admitted. */
export const trustingAccounts: AccountsClient = {
  getWorkspaceInfo: (token) =>
    Promise.resolve({ workspaceId: token.workspace, initialRole: token.admin ? 'OWNER' : 'USER' }),
  forget: () => undefined,
  forgetPerson: () => undefined,
}

export interface AccountsClientOptions {
  url: () => string
  /** Another one than that of the platform. */
  fetch?: typeof fetch
  now: () => number
  wait: (milliseconds: number) => Promise<void>
  observe: (outcome: 'ok' | 'refused' | 'failed' | 'grace', seconds: number) => void
  /** Milliseconds for which a response is cached. */
  cacheTime: number
  /** Milliseconds for which a known token stays valid while the service does not respond. */
  graceTime: number
  /** Timeout of one try, in milliseconds. */
  timeout: number
  tries: number
}

/** Tokens in the cache. */
const MAX_KNOWN = 10_000
/** Milliseconds before the first retry; doubled for each further one. */
const FIRST_BACKOFF = 100

interface Known {
  token: Token
  info: WorkspaceInfo
  at: number
}

/** A pending call. */
interface Asking {
  token: Token
  answer: Promise<WorkspaceInfo>
}

/** Calls the accounts service over HTTP; the built-in one by its route, without a connection. */
export class HttpAccountsClient implements AccountsClient {
  readonly #options: AccountsClientOptions
  readonly #known = new LRUCache<string, Known>({ max: MAX_KNOWN })
  readonly #asking = new Map<string, Asking>()

  constructor(options: AccountsClientOptions) {
    this.#options = options
  }

  async getWorkspaceInfo(token: Token): Promise<WorkspaceInfo> {
    const known = this.#known.get(token.raw)
    if (known !== undefined && this.#age(known) < this.#options.cacheTime) return known.info
    const asking = this.#asking.get(token.raw) ?? this.#begin(token, known)
    return await asking.answer
  }

  forget(workspace?: string): void {
    this.#forget((token) => workspace === undefined || token.workspace === workspace)
  }

  forgetPerson(person: string): void {
    this.#forget((token) => token.person === person)
  }

  /** A pending call may have been answered before the invalidation, so only its present callers get its response. */
  #forget(isMeant: (token: Token) => boolean): void {
    for (const [raw, { token }] of this.#known.entries()) if (isMeant(token)) this.#known.delete(raw)
    for (const [raw, { token }] of this.#asking) if (isMeant(token)) this.#asking.delete(raw)
  }

  #begin(token: Token, known: Known | undefined): Asking {
    const isCurrent = () => this.#asking.get(token.raw) === asking
    const answer = this.#ask(token, known, isCurrent).finally(() => {
      if (isCurrent()) this.#asking.delete(token.raw)
    })
    const asking = { token, answer }
    this.#asking.set(token.raw, asking)
    return asking
  }

  #age({ at }: Known): number {
    // A clock that was set back must not keep a response forever.
    const age = this.#options.now() - at
    return age < 0 ? Infinity : age
  }

  async #ask(token: Token, known: Known | undefined, isCurrent: () => boolean): Promise<WorkspaceInfo> {
    const started = performance.now()
    const observe = (outcome: 'ok' | 'refused' | 'failed' | 'grace') =>
      this.#options.observe(outcome, (performance.now() - started) / 1000)
    try {
      const info = infoSchema.parse(await this.#call(token, 'getWorkspaceInfo', [token.mode === 'user']))
      if (isCurrent()) this.#known.set(token.raw, { token, info, at: this.#options.now() })
      observe('ok')
      return info
    } catch (error) {
      if (error instanceof StatusError && error.status.code !== 'platform:status:Unavailable') {
        if (isCurrent()) this.#known.delete(token.raw)
        observe('refused')
        throw error
      }
      if (known !== undefined && isCurrent() && this.#age(known) < this.#options.graceTime) {
        observe('grace')
        return known.info
      }
      observe('failed')
      throw unavailable(error)
    }
  }

  async #call(token: Token, method: string, params: unknown[]): Promise<unknown> {
    for (let tried = 1; ; tried++) {
      try {
        const { url, fetch: own, timeout } = this.#options
        const call = { url: url(), token: token.raw, method, params }
        return await callAccounts(own === undefined ? call : { ...call, fetch: own }, timeout)
      } catch (error) {
        if (error instanceof StatusError || tried >= this.#options.tries) throw error
        await this.#options.wait(FIRST_BACKOFF * 2 ** (tried - 1))
      }
    }
  }
}

function unavailable(cause: unknown): StatusError {
  return new StatusError(
    'platform:status:Unavailable',
    { message: 'the accounts service does not respond' },
    { cause },
  )
}

import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { AccountRole } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Token } from '../tokens.ts'
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

/** What the accounts service says of a workspace to the bearer of a token. */
export type WorkspaceInfo = z.output<typeof infoSchema>

export interface AccountsClient {
  /** @throws StatusError what the service answered, or `platform:status:Unavailable` when it doesn't */
  getWorkspaceInfo: (token: Token) => Promise<WorkspaceInfo>
}

/** Without an accounts service the token alone is trusted. */
export const trustingAccounts: AccountsClient = {
  getWorkspaceInfo: (token) =>
    Promise.resolve({ workspaceId: token.workspace, role: token.admin ? 'OWNER' : 'USER' }),
}

export interface AccountsClientOptions {
  url: () => string
  now: () => number
  wait: (milliseconds: number) => Promise<void>
  observe: (outcome: 'ok' | 'refused' | 'failed' | 'grace', seconds: number) => void
  /** Milliseconds an answer is used again. */
  cacheTime: number
  /** Milliseconds a known token stays good while the service does not answer. */
  graceTime: number
  /** Milliseconds one try may take. */
  timeout: number
  tries: number
}

/** Tokens the client remembers. */
const MAX_KNOWN = 10_000
/** Milliseconds before the first retry; doubled for each that follows. */
const FIRST_BACKOFF = 100

interface Known {
  info: WorkspaceInfo
  at: number
}

/** Asks the accounts service over HTTP, wherever it is. */
export class HttpAccountsClient implements AccountsClient {
  readonly #options: AccountsClientOptions
  readonly #known = new LRUCache<string, Known>({ max: MAX_KNOWN })
  readonly #asking = new Map<string, Promise<WorkspaceInfo>>()

  constructor(options: AccountsClientOptions) {
    this.#options = options
  }

  async getWorkspaceInfo(token: Token): Promise<WorkspaceInfo> {
    const known = this.#known.get(token.raw)
    if (known !== undefined && this.#age(known) < this.#options.cacheTime) return known.info
    let asking = this.#asking.get(token.raw)
    if (asking === undefined) {
      asking = this.#ask(token, known).finally(() => this.#asking.delete(token.raw))
      this.#asking.set(token.raw, asking)
    }
    return await asking
  }

  /** Forgets what is known of the tokens of a workspace, or of all. */
  forget(workspace?: string): void {
    if (workspace === undefined) this.#known.clear()
    for (const [raw, { info }] of this.#known.entries())
      if (info.workspaceId === workspace) this.#known.delete(raw)
  }

  #age({ at }: Known): number {
    // A clock that went back must not keep an answer for ever.
    const age = this.#options.now() - at
    return age < 0 ? Infinity : age
  }

  async #ask(token: Token, known: Known | undefined): Promise<WorkspaceInfo> {
    const started = performance.now()
    const observe = (outcome: 'ok' | 'refused' | 'failed' | 'grace') =>
      this.#options.observe(outcome, (performance.now() - started) / 1000)
    try {
      const info = infoSchema.parse(await this.#call(token, 'getWorkspaceInfo', [token.mode === 'user']))
      this.#known.set(token.raw, { info, at: this.#options.now() })
      observe('ok')
      return info
    } catch (error) {
      if (error instanceof StatusError && error.status.code !== 'platform:status:Unavailable') {
        this.#known.delete(token.raw)
        observe('refused')
        throw error
      }
      if (known !== undefined && this.#age(known) < this.#options.graceTime) {
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
        const call = { url: this.#options.url(), token: token.raw, method, params }
        return await callAccounts(call, this.#options.timeout)
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
    { message: 'the accounts service does not answer' },
    { cause },
  )
}

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

/** What the accounts service says of a workspace to the bearer of a token. */
export type WorkspaceInfo = z.output<typeof infoSchema> & {
  /** Of an account that is made for the bearer; whoever has one keeps the role it has. Never a service's word. */
  initialRole?: AccountRole
}

export interface AccountsClient {
  /** @throws StatusError what the service answered, or `platform:status:Unavailable` when it doesn't */
  getWorkspaceInfo: (token: Token) => Promise<WorkspaceInfo>
  /** Forgets what is known of the tokens for a workspace, or of all: who asks from now on gets a new answer. */
  forget: (workspace?: string) => void
  /** The same of the tokens of a person. @param person folded email */
  forgetPerson: (person: string) => void
}

/** Without an accounts service the token alone is trusted. */
export const trustingAccounts: AccountsClient = {
  getWorkspaceInfo: (token) =>
    Promise.resolve({ workspaceId: token.workspace, initialRole: token.admin ? 'OWNER' : 'USER' }),
  forget: () => undefined,
  forgetPerson: () => undefined,
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
  token: Token
  info: WorkspaceInfo
  at: number
}

/** A question under way. */
interface Asking {
  token: Token
  answer: Promise<WorkspaceInfo>
}

/** Asks the accounts service over HTTP, wherever it is. */
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

  /** Questions under way may have been answered before: their answers are for those who wait for them already. */
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
    // A clock that went back must not keep an answer for ever.
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

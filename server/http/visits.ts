import { StatusError } from '../../model/status.ts'
import { RESERVED_PREFIX, SYSTEM_EMAIL, type Token, type Tokens } from '../auth/tokens.ts'
import { rateLimited } from '../rates/rate-limited.ts'
import type { RequestRates } from '../requests/request-rates.ts'
import type { Admission, Entry } from '../workspaces/admission.ts'
import { AdmissionRefused } from '../workspaces/admission-rules.ts'

export interface VisitsOptions {
  admission: Pick<Admission, 'verify' | 'visit'>
  tokens: Tokens
  rates: Pick<RequestRates, 'ofAccount'>
  /** Whether there is a workspace of this id, as far as the server knows without the accounts service. */
  mayExist: (workspace: string) => boolean
  /** Requests that run at once in a workspace. */
  atOnce: number
  limitHit: (limit: string, fields: object) => void
}

const RATE = 'requests of an account'
const AT_ONCE = 'HTTP requests of a workspace'

/** Work over HTTP in workspaces, without sessions. */
export class Visits {
  readonly #options: VisitsOptions
  readonly #running = new Map<string, number>()

  constructor(options: VisitsOptions) {
    this.#options = options
  }

  /** @throws StatusError Unauthorized */
  verify(raw: string): Token {
    return this.#options.admission.verify(raw)
  }

  /** A token of the system. @throws StatusError WorkspaceNotFound */
  systemToken(workspace: string): Token {
    const { mayExist, tokens } = this.#options
    if (workspace === '' || workspace.startsWith(RESERVED_PREFIX) || !mayExist(workspace))
      throw new StatusError('platform:status:WorkspaceNotFound', { workspace })
    return tokens.verify(tokens.sign({ email: SYSTEM_EMAIL, workspace }))
  }

  /** @throws StatusError RateLimited, LimitReached; those of the admission; as the work does */
  async run<T>(token: Token, work: (entry: Entry) => Promise<T>): Promise<T> {
    const { admission, atOnce, limitHit, rates } = this.#options
    const wait = await rates.ofAccount(token)
    if (wait !== undefined) {
      limitHit(RATE, { account: token.person })
      throw rateLimited(RATE, wait)
    }
    const { workspace } = token
    const running = this.#running.get(workspace) ?? 0
    if (running >= atOnce) {
      limitHit(AT_ONCE, { workspace })
      throw new StatusError('platform:status:LimitReached', { limit: AT_ONCE, value: atOnce })
    }
    this.#running.set(workspace, running + 1)
    try {
      return await admission.visit(token, work)
    } catch (error) {
      throw error instanceof AdmissionRefused ? statusOf(error) : error
    } finally {
      this.#ended(workspace)
    }
  }

  #ended(workspace: string): void {
    const running = (this.#running.get(workspace) ?? 1) - 1
    if (running === 0) this.#running.delete(workspace)
    else this.#running.set(workspace, running)
  }
}

function statusOf({ refusal, message }: AdmissionRefused): StatusError {
  const { error } = refusal.response
  return error === undefined
    ? new StatusError('platform:status:Unavailable', { message })
    : new StatusError(error.code, error.params)
}

import { StatusError } from '../../model/status.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import { StorageError } from '../../storage/contract.ts'
import type { AccountsClient, ModelVersion, WorkspaceInfo } from '../accounts/accounts-client.ts'
import { RESERVED_PREFIX, type Token, type Tokens } from '../auth/tokens.ts'
import { AdmissionRefused, refusalOf, upgradingRefusal } from './admission-rules.ts'
import { StillMigrating } from './opening.ts'
import { callerOf } from './resolve-caller.ts'
import type { WorkspaceHost } from './workspace-host.ts'
import type { WorkspaceRegistry } from './workspace-registry.ts'

export interface AdmissionOptions {
  tokens: Tokens
  accounts: AccountsClient
  registry: WorkspaceRegistry
  modelVersion: ModelVersion
  productId: string
  /** Sessions of the server, those on their way in included. */
  sessions: () => number
  memory: { readonly isShort: boolean }
  /** As they are now. */
  limits: () => AdmissionLimits
}

export interface AdmissionLimits {
  sessions: number
  sessionsPerWorkspace: number
  sessionsPerAccount: number
}

/** Who wants into the workspace of its token. */
export interface Applicant {
  readonly token: Token
  /** It gave up while it waited. */
  readonly isOver: boolean
  /** It is the server itself: the rules are for clients. */
  readonly isServer?: boolean
}

/** What an admitted applicant gets. */
export interface Entry {
  host: WorkspaceHost
  pipeline: Pipeline
  caller: Caller
}

/** Admits the bearer of a token to a workspace: token, accounts service, rules, workspace. It needs no socket. */
export class Admission {
  readonly #options: AdmissionOptions
  /** Those on their way in. `outdated`: the accounts service may say something else of it now. */
  readonly #applicants = new Map<Applicant, 'current' | 'outdated'>()
  #isClosed = false

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Admits nobody from now on. */
  close(): void {
    this.#isClosed = true
  }

  /** @throws StatusError Unauthorized for a bad token, and for one of no workspace that people enter */
  verify(raw: string): Token {
    const token = this.#options.tokens.verify(raw)
    if (token.workspace !== '' && !token.workspace.startsWith(RESERVED_PREFIX)) return token
    throw new StatusError('platform:status:Unauthorized')
  }

  /**
   * Asks the accounts service about a token. It allows administrators to enter workspaces of which they are no members.
   * @throws StatusError when the accounts service does not let the token in
   */
  async identify(token: Token): Promise<WorkspaceInfo> {
    try {
      return await this.#options.accounts.getWorkspaceInfo(token)
    } catch (error) {
      const forbidden = error instanceof StatusError && error.status.code === 'platform:status:Forbidden'
      if (forbidden && token.admin) return { workspaceId: token.workspace }
      throw error
    }
  }

  /** {@link identify}; what is known of the applicant is current until {@link reconsider} is called for it. */
  async register(applicant: Applicant): Promise<WorkspaceInfo> {
    this.#applicants.set(applicant, 'current')
    return await this.identify(applicant.token)
  }

  /** The applicant was admitted, refused, or has gone. */
  unregister(applicant: Applicant): void {
    this.#applicants.delete(applicant)
  }

  /** The accounts service would say something else now of these applicants: it is asked again about them. */
  reconsider(isMeant: (token: Token) => boolean): void {
    for (const applicant of this.#applicants.keys())
      if (isMeant(applicant.token)) this.#applicants.set(applicant, 'outdated')
  }

  /**
   * Admits a registered applicant. Tries again when the workspace closes meanwhile, or when access changes.
   *
   * @param info of {@link register}
   * @param enter called once, unless the applicant is over by then; the workspace stays open until it has returned
   * @throws AdmissionRefused by the rules; StatusError; StorageError
   */
  async admit(
    applicant: Applicant,
    info: WorkspaceInfo,
    enter: (entry: Entry) => void | Promise<void>,
  ): Promise<void> {
    let known = info
    while (!(await this.#attempt(applicant, known, enter))) known = await this.register(applicant)
  }

  /**
   * Does work inside the workspace of a token, without a session.
   *
   * @param options `isServer`: the work is the server's own, so the rules for clients do not apply to it
   * @throws AdmissionRefused by the rules; StatusError; StorageError; as the work does
   */
  async visit<T>(
    token: Token,
    work: (entry: Entry) => Promise<T>,
    { isServer = false }: { isServer?: boolean } = {},
  ): Promise<T> {
    const visitor: Applicant = { token, isOver: false, isServer }
    try {
      let done: Promise<T> | undefined
      await this.admit(visitor, await this.register(visitor), async (entry) => {
        done = work(entry)
        // A failure of the work is none of the admission, which would try again.
        await done.catch(() => undefined)
      })
      if (done === undefined) throw new Error('a visitor was not admitted')
      return await done
    } finally {
      this.unregister(visitor)
    }
  }

  /** @returns `false`: the workspace closed, or access changed, so the applicant tries again */
  async #attempt(
    applicant: Applicant,
    info: WorkspaceInfo,
    enter: (entry: Entry) => void | Promise<void>,
  ): Promise<boolean> {
    const { token } = applicant
    const host = await this.#options.registry.arrive(token.workspace)
    try {
      if (applicant.isOver) return true
      if (applicant.isServer !== true) this.#checkRules(token, host, info)
      const pipeline = await pipelineFor(applicant, host)
      if (pipeline.closedToPeople !== undefined && token.mode === 'user' && !token.admin)
        throw pipeline.closedToPeople
      if (typeof info.workspaceName === 'string') pipeline.named(info.workspaceName)
      const caller = await this.#callerOf(applicant, { host, pipeline, info })
      if (caller === undefined || !host.serves(pipeline)) return false
      // It may have gone while it waited: then it must leave no trace.
      if (applicant.isOver) return true
      await enter({ host, pipeline, caller })
      return true
    } catch (error) {
      // The workspace closed while an account was made in it.
      if (error instanceof StorageError && error.code === 'closed') return false
      throw error
    } finally {
      host.leave()
    }
  }

  /** `undefined`: what was known of the applicant's access is out of date, and must not become its role. */
  async #callerOf(
    applicant: Applicant,
    { host, pipeline, info }: { host: WorkspaceHost; pipeline: Pipeline; info: WorkspaceInfo },
  ): Promise<Caller | undefined> {
    const { token } = applicant
    return await host.accountChanges.run(token.person, async () =>
      this.#applicants.get(applicant) === 'outdated' ? undefined : await callerOf(pipeline, token, info),
    )
  }

  #checkRules(token: Token, host: WorkspaceHost, info: WorkspaceInfo): void {
    const { modelVersion, productId } = this.#options
    const refusal = refusalOf({
      token,
      info,
      modelVersion,
      productId,
      upgrading: host.upgrading,
      draining: this.#isClosed,
      overloaded: this.#options.memory.isShort,
      limit: this.#limitReached(token, host),
    })
    if (refusal !== undefined) throw new AdmissionRefused(refusal)
  }

  #limitReached(token: Token, host: WorkspaceHost): { limit: string; value: number } | undefined {
    const limits = this.#options.limits()
    if (this.#options.sessions() > limits.sessions) return { limit: 'sessions', value: limits.sessions }
    if (host.members.size >= limits.sessionsPerWorkspace)
      return { limit: 'sessions of a workspace', value: limits.sessionsPerWorkspace }
    return host.members.ofPerson(token.person) >= limits.sessionsPerAccount
      ? { limit: 'sessions of an account', value: limits.sessionsPerAccount }
      : undefined
  }
}

/** @throws AdmissionRefused with the progress, where a migration takes longer than people wait */
async function pipelineFor({ token, isServer }: Applicant, host: WorkspaceHost): Promise<Pipeline> {
  if (token.mode !== 'user' || isServer === true) return await host.pipeline(token.mode === 'upgrade')
  try {
    return await host.pipelineUnlessMigrating()
  } catch (error) {
    if (!(error instanceof StillMigrating)) throw error
    const { toProcess, total, elapsed, eta } = error.stats
    throw new AdmissionRefused(upgradingRefusal({ toProcess, total, elapsed, eta }))
  }
}

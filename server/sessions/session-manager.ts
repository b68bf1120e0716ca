import { randomUUID } from 'node:crypto'
import { StatusError } from '../../model/status.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import { type HelloRequest, type HelloResponse, SIGNAL_ID } from '../../protocol/messages.ts'
import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/open-workspace.ts'
import { StorageError } from '../../storage/contract.ts'
import type { AccountsClient, ModelVersion, WorkspaceInfo } from '../accounts/accounts-client.ts'
import type { Maintenance } from './maintenance.ts'
import type { TimerWheel } from '../time/timer-wheel.ts'
import { RESERVED_PREFIX, SYSTEM_EMAIL, type Token, type Tokens } from '../auth/tokens.ts'
import type { Socket, SocketHandlers } from '../wire/socket.ts'
import { callerOf } from '../workspaces/resolve-caller.ts'
import { type Refusal, refusalFor, refusalOf } from '../workspaces/admission-rules.ts'
import type { WorkspaceHost } from '../workspaces/workspace-host.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import { encodeFrame } from '../wire/encode-response.ts'
import { sessionMethod } from '../methods/session-methods.ts'
import { Session, type SessionEvents } from './session.ts'
import { SessionIds } from './session-ids.ts'
import type { SessionServices } from './session-services.ts'
import { toStatus } from '../errors/map-error.ts'
import { Vigil } from './heartbeat.ts'

export interface ManagerOptions {
  services: SessionServices
  tokens: Tokens
  accounts: AccountsClient
  registry: WorkspaceRegistry
  maintenance: Maintenance
  wheel: TimerWheel
  modelVersion: ModelVersion
  productId: string
  serverVersion: string
  /** Bytes of the largest message a client may send. */
  maxPayload: number
  /** Milliseconds in which a session that comes back is told `reconnect: true`. */
  reconnectWindow: number
  /** Milliseconds between pings. */
  pingInterval: number
  /** As they are now. */
  limits: () => ManagerLimits
}

export interface ManagerLimits {
  sessions: number
  sessionsPerWorkspace: number
  sessionsPerAccount: number
}

/** Milliseconds a refused connection stays open to be told why. */
const REFUSED_LINGER = 1000
/** The system's tools are busy at times: they have this many times the patience. */
const SYSTEM_PATIENCE = 10

/** Where a session that is open is. */
interface Place {
  host: WorkspaceHost
  vigil: Vigil
}

/** Lets connections in, and knows every session there is. */
export class SessionManager {
  /** Those on their way in too. */
  readonly sessions = new Set<Session>()
  readonly #options: ManagerOptions
  readonly #events: SessionEvents
  readonly #places = new Map<Session, Place>()
  readonly #ids: SessionIds
  /** What the accounts service said of them may be something else by now. */
  readonly #outdated = new WeakSet<Session>()
  #draining = false

  constructor(options: ManagerOptions) {
    this.#options = options
    this.#ids = new SessionIds(options.wheel, options.reconnectWindow)
    this.#events = {
      over: (session) => this.#over(session),
      hello: (session, hello) => this.#hello(session, hello),
      upgrading: (session) => this.#places.get(session)?.host.acknowledge(session),
      method: (session, name) =>
        sessionMethod(name, {
          session,
          registry: options.registry,
          tokens: options.tokens,
          admit: async (token) => void (await this.#infoOf(token)),
          tokenChanged: () => this.#places.get(session)?.vigil.tokenChanged(),
        }),
    }
  }

  get draining(): boolean {
    return this.#draining
  }

  /** Sessions that were there a moment ago. */
  get remembered(): number {
    return this.#ids.remembered
  }

  /** A connection: who listens to it. What it is told, it is told through its socket. */
  accept(connection: { token: string; sessionId: string | undefined; socket: Socket }): SocketHandlers {
    const { services } = this.#options
    services.metrics.connected()
    let token
    try {
      token = this.#verify(connection.token)
    } catch (error) {
      return this.#reject(connection.socket, error)
    }
    const id = connection.sessionId ?? randomUUID()
    const session = new Session({ id, token, socket: connection.socket, services, events: this.#events })
    this.sessions.add(session)
    if (this.#ids.isFree(session)) void this.#enter(session)
    else session.refuse(alreadyConnected, closeCodes.sessionTaken)
    return session
  }

  /** The accounts service would say something else now of those on their way in. */
  askAgain(isMeant: (token: Token) => boolean): void {
    for (const session of this.sessions) if (isMeant(session.token)) this.#outdated.add(session)
  }

  /** Ends all sessions, each with a reason of its own, and lets nobody in any more. */
  drain(reason: () => { code: number; reason: string }): void {
    this.#draining = true
    for (const session of this.sessions) session.finish(reason())
  }

  /** Messages that wait for their readers. */
  get outboxMessages(): number {
    let sum = 0
    for (const { outboxMessages } of this.sessions) sum += outboxMessages
    return sum
  }

  /** Forgets who was in a workspace a moment ago: it has been closed. */
  forgetRecent(workspace: string): void {
    this.#ids.forget(workspace)
  }

  /** @throws StatusError when the token is none, or for no workspace that people enter */
  #verify(raw: string): Token {
    const { tokens, services } = this.#options
    const started = services.performanceNow()
    const token = tokens.verify(raw)
    services.metrics.verifiedToken((services.performanceNow() - started) / 1000)
    if (token.workspace !== '' && !token.workspace.startsWith(RESERVED_PREFIX)) return token
    throw new StatusError('platform:status:Unauthorized')
  }

  /** A bad token still has its upgrade, so that the client is told. */
  #reject(socket: Socket, error: unknown): SocketHandlers {
    const status = toStatus(error, this.#options.services.logger)
    const frame = encodeFrame({ id: SIGNAL_ID, error: status }, false)
    socket.write([encodeFrame({ id: SIGNAL_ID, result: 'hello', error: status }, false)])
    const { code, reason } = closeCodes.unauthorized
    const cancel = this.#options.wheel.schedule(REFUSED_LINGER, () => socket.close(code, reason))
    return {
      message: () => socket.write([frame]),
      pong: () => undefined,
      taken: () => undefined,
      drain: () => undefined,
      closed: cancel,
    }
  }

  async #enter(session: Session): Promise<void> {
    const { registry, services } = this.#options
    let host: WorkspaceHost | undefined
    try {
      let info = await this.#currentInfoOf(session)
      // Not before: who has a token that is not good any more must not put anybody out.
      if (session.isOver) return
      // Where it takes over, the workspace must not close because of who goes: its walks would be over.
      host = this.#ids.isHeld(session) ? await registry.arrive(session.token.workspace) : undefined
      if (!(await this.#ids.take(session))) return session.refuse(alreadyConnected, closeCodes.sessionTaken)
      session.enter()
      while (!(await this.#tryEnter(session, info))) info = await this.#currentInfoOf(session)
    } catch (error) {
      const status = toStatus(error, services.logger)
      const { response, reason } = refusalFor(status)
      session.refuse(response, reason)
    } finally {
      host?.leave()
    }
  }

  /** What is asked from now on is up to date until something changes. */
  async #currentInfoOf(session: Session): Promise<WorkspaceInfo> {
    this.#outdated.delete(session)
    return await this.#infoOf(session.token)
  }

  /** An administrator may enter where he is no member. */
  async #infoOf(token: Token): Promise<WorkspaceInfo> {
    try {
      return await this.#options.accounts.getWorkspaceInfo(token)
    } catch (error) {
      const forbidden = error instanceof StatusError && error.status.code === 'platform:status:Forbidden'
      if (forbidden && token.admin) return { workspaceId: token.workspace }
      throw error
    }
  }

  /** Settles whether the session is let in; `false`: the workspace closed, or access changed, so try again. */
  async #tryEnter(session: Session, info: WorkspaceInfo): Promise<boolean> {
    const host = await this.#options.registry.arrive(session.token.workspace)
    try {
      const refusal = session.isOver ? undefined : this.#refusal(session, host, info)
      if (refusal !== undefined) session.refuse(refusal.response, refusal.reason)
      if (session.isOver) return true
      const pipeline = await host.pipeline(session.token.mode === 'upgrade')
      const { mode, admin } = session.token
      if (pipeline.closedToPeople !== undefined && mode === 'user' && !admin) throw pipeline.closedToPeople
      const caller = await this.#callerOf(session, { host, pipeline, info })
      if (caller === undefined || !host.serves(pipeline)) return false
      // It may have gone while it waited: then it must leave no trace.
      if (!session.isOver) this.#join(session, host, { pipeline, caller })
      return true
    } catch (error) {
      // The workspace closed while an account was made in it.
      if (error instanceof StorageError && error.code === 'closed') return false
      throw error
    } finally {
      host.leave()
    }
  }

  /** `undefined`: what was known of the session's access is out of date, and must not become its role. */
  async #callerOf(
    session: Session,
    { host, pipeline, info }: { host: WorkspaceHost; pipeline: Pipeline; info: WorkspaceInfo },
  ): Promise<Caller | undefined> {
    const { token } = session
    return await host.turns.take(token.person, async () =>
      this.#outdated.has(session) ? undefined : await callerOf(pipeline, token, info),
    )
  }

  #refusal(session: Session, host: WorkspaceHost, info: WorkspaceInfo): Refusal | undefined {
    const { modelVersion, productId } = this.#options
    return refusalOf({
      token: session.token,
      info,
      modelVersion,
      productId,
      upgrading: host.upgrading,
      draining: this.#draining,
      limit: this.#limitReached(session, host),
    })
  }

  #join(session: Session, host: WorkspaceHost, open: { pipeline: Pipeline; caller: Caller }): void {
    const { wheel, pingInterval, services, maintenance } = this.#options
    const interval = session.token.email === SYSTEM_EMAIL ? pingInterval * SYSTEM_PATIENCE : pingInterval
    this.#places.set(session, { host, vigil: new Vigil(session, { wheel, now: services.now, interval }) })
    host.join(session, open.caller)
    session.open(open.pipeline, open.caller)
    const warning = maintenance.warning()
    if (warning !== undefined) session.signal(warning)
    const { id, token } = session
    services.logger.info({ session: id, workspace: token.workspace, mode: token.mode }, 'a session opened')
  }

  #limitReached(session: Session, host: WorkspaceHost): { limit: string; value: number } | undefined {
    const limits = this.#options.limits()
    if (this.sessions.size > limits.sessions) return { limit: 'sessions', value: limits.sessions }
    if (host.sessions.size >= limits.sessionsPerWorkspace) {
      return { limit: 'sessions of a workspace', value: limits.sessionsPerWorkspace }
    }
    return host.sessionsOf(session.token.person) >= limits.sessionsPerAccount
      ? { limit: 'sessions of an account', value: limits.sessionsPerAccount }
      : undefined
  }

  #hello(session: Session, hello: HelloRequest): Partial<HelloResponse> {
    const reconnect = this.#ids.isReturning(session)
    if (hello.protocol !== 2) return { reconnect }
    const { serverVersion, modelVersion, maxPayload } = this.#options
    const { major, minor, patch } = modelVersion
    return { reconnect, serverVersion, maxPayload, modelVersion: `${major}.${minor}.${patch}` }
  }

  #over(session: Session): void {
    this.sessions.delete(session)
    this.#ids.release(session)
    const place = this.#places.get(session)
    if (place === undefined) return
    this.#places.delete(session)
    place.vigil.stop()
    if (place.host.state === 'open') this.#ids.remember(session)
    place.host.part(session)
    const { id, token } = session
    this.#options.services.logger.info({ session: id, workspace: token.workspace }, 'a session is over')
  }
}

const alreadyConnected: Omit<HelloResponse, 'id'> = {
  result: 'hello',
  binary: false,
  reconnect: false,
  alreadyConnected: true,
}

import { randomUUID } from 'node:crypto'
import { StatusError } from '../../model/status.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import { type HelloRequest, type HelloResponse, SIGNAL_ID } from '../../protocol/messages.ts'
import type { AccountsClient, ModelVersion, WorkspaceInfo } from '../accounts/accounts-client.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import { type Token, type Tokens } from '../tokens.ts'
import type { Socket, SocketHandlers } from '../transport/socket.ts'
import { callerOf } from '../workspaces/ensure-account.ts'
import { refusalOf, refused } from '../workspaces/gates.ts'
import type { WorkspaceHost } from '../workspaces/workspace-host.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import { encodeFrame } from './answer.ts'
import { managementMethod } from './management-methods.ts'
import { Session, type SessionEvents } from './session.ts'
import type { SessionServices } from './session-services.ts'
import { toStatus } from './to-status.ts'

export interface ManagerOptions {
  services: SessionServices
  tokens: Tokens
  accounts: AccountsClient
  registry: WorkspaceRegistry
  wheel: TimerWheel
  modelVersion: ModelVersion
  productId: string
  serverVersion: string
  /** Milliseconds in which a session that comes back is told `reconnect: true`. */
  reconnectWindow: number
  /** Milliseconds between pings; two unanswered ones end a session. */
  pingInterval: number
  limits: { sessions: number; sessionsPerWorkspace: number; sessionsPerAccount: number }
  /** Somebody came in, or left. */
  presence?: {
    online: (host: WorkspaceHost, session: Session) => void
    offline: (host: WorkspaceHost, session: Session) => void
  }
}

/** Milliseconds a refused connection stays open to be told why. */
const REFUSED_LINGER = 1000
/** The system's tools are busy at times: they have this many times the patience. */
const SYSTEM_PATIENCE = 10

/** Lets connections in, and knows every session there is. */
export class SessionManager {
  readonly sessions = new Map<string, Session>()
  readonly #options: ManagerOptions
  readonly #events: SessionEvents
  readonly #hosts = new Map<Session, WorkspaceHost>()
  readonly #recent = new Map<string, () => void>()
  readonly #returning = new WeakSet<Session>()
  #draining = false

  constructor(options: ManagerOptions) {
    this.#options = options
    this.#events = {
      closed: (session) => this.#closed(session),
      hello: (session, hello) => this.#hello(session, hello),
      upgrading: (session) => this.#hosts.get(session)?.acknowledge(session),
      method: (session, name) => managementMethod(name, session, options.registry),
    }
  }

  get draining(): boolean {
    return this.#draining
  }

  /** A connection: who listens to it. What it is told, it is told through its socket. */
  accept(connection: { token: string; sessionId: string | undefined; socket: Socket }): SocketHandlers {
    let token
    try {
      token = this.#verify(connection.token)
    } catch (error) {
      return this.#reject(connection.socket, error)
    }
    const { services } = this.#options
    const id = connection.sessionId ?? randomUUID()
    const session = new Session({ id, token, socket: connection.socket, services, events: this.#events })
    if (this.#takePlace(session)) void this.#enter(session)
    return session
  }

  /** Ends all sessions, each with a reason of its own, and lets nobody in any more. */
  drain(reason: () => { code: number; reason: string }): void {
    this.#draining = true
    for (const session of this.sessions.values()) session.finish(reason())
  }

  /** Forgets who was in a workspace a moment ago: it has been closed, so nobody can take up where he was. */
  forgetRecent(workspace: string): void {
    for (const [key, cancel] of this.#recent) {
      if (!key.startsWith(`${workspace}/`)) continue
      cancel()
      this.#recent.delete(key)
    }
  }

  hostOf(session: Session): WorkspaceHost | undefined {
    return this.#hosts.get(session)
  }

  #verify(raw: string): Token {
    const token = this.#options.tokens.verify(raw)
    if (token.workspace === '' || token.workspace.startsWith(RESERVED))
      throw new StatusError('platform:status:Unauthorized')
    return token
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
      drain: () => undefined,
      closed: cancel,
    }
  }

  /** A session id is one connection's: the same account's older one goes, another account is refused. */
  #takePlace(session: Session): boolean {
    const key = keyOf(session)
    const older = this.sessions.get(key)
    if (older !== undefined && older.token.email !== session.token.email) {
      session.refuse(alreadyConnected, closeCodes.sessionTaken)
      return false
    }
    const recent = `${key}/${session.token.email}`
    if (older !== undefined || this.#recent.has(recent)) this.#returning.add(session)
    this.#recent.get(recent)?.()
    this.#recent.delete(recent)
    this.sessions.set(key, session)
    older?.close(closeCodes.replaced)
    return true
  }

  async #enter(session: Session): Promise<void> {
    try {
      const info = await this.#infoOf(session.token)
      session.enter()
      const host = await this.#options.registry.arrive(session.token.workspace)
      try {
        await this.#enterHost(session, host, info)
      } finally {
        host.leave()
      }
    } catch (error) {
      const status = toStatus(error, this.#options.services.logger)
      const { response, reason } = refused(status, isFinal(status.code))
      session.refuse(response, reason)
    }
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

  async #enterHost(session: Session, host: WorkspaceHost, info: WorkspaceInfo): Promise<void> {
    if (isOver(session)) return
    const { token } = session
    const { modelVersion, productId } = this.#options
    const refusal = refusalOf({
      token,
      info,
      modelVersion,
      productId,
      draining: this.#draining,
      upgrading: host.upgrading,
      limit: this.#limitReached(session, host),
    })
    if (refusal !== undefined) return session.refuse(refusal.response, refusal.reason)
    if (token.mode === 'upgrade') await host.startUpgrade()
    const pipeline = await host.pipeline()
    const caller = await callerOf(pipeline, token, info.role ?? undefined)
    // It may have gone while it waited: then it must leave no trace.
    if (isOver(session)) return
    host.join(session)
    this.#hosts.set(session, host)
    this.#watch(session)
    session.open(pipeline, caller)
    this.#options.presence?.online(host, session)
  }

  #limitReached(session: Session, host: WorkspaceHost): { limit: string; value: number } | undefined {
    const { limits } = this.#options
    if (this.sessions.size > limits.sessions) return { limit: 'sessions', value: limits.sessions }
    if (host.sessions.size >= limits.sessionsPerWorkspace) {
      return { limit: 'sessions of a workspace', value: limits.sessionsPerWorkspace }
    }
    let own = 0
    for (const other of host.sessions) if (other.token.email === session.token.email) own += 1
    return own >= limits.sessionsPerAccount
      ? { limit: 'sessions of an account', value: limits.sessionsPerAccount }
      : undefined
  }

  #hello(session: Session, hello: HelloRequest): Partial<HelloResponse> {
    const reconnect = this.#returning.has(session)
    return hello.protocol === 2 ? { reconnect, serverVersion: this.#options.serverVersion } : { reconnect }
  }

  /** Liveness and the token's expiry. */
  #watch(session: Session): void {
    const { wheel, pingInterval } = this.#options
    const patience = session.token.email === 'system' ? SYSTEM_PATIENCE : 1
    const beat = (): void => {
      if (isOver(session)) return
      if (session.missedPongs >= 2) return session.terminate()
      session.missedPongs += 1
      session.ping()
      if (!session.active) session.signal({ result: 'ping' })
      session.active = false
      wheel.schedule(pingInterval * patience, beat)
    }
    wheel.schedule(pingInterval * patience, beat)
  }

  #closed(session: Session): void {
    const key = keyOf(session)
    const wasOpen = this.#hosts.has(session)
    if (this.sessions.get(key) === session) {
      this.sessions.delete(key)
      if (wasOpen) this.#remember(`${key}/${session.token.email}`)
    }
    const host = this.#hosts.get(session)
    this.#hosts.delete(session)
    if (host === undefined) return
    host.part(session)
    this.#options.presence?.offline(host, session)
  }

  #remember(key: string): void {
    const { wheel, reconnectWindow } = this.#options
    this.#recent.set(
      key,
      wheel.schedule(reconnectWindow, () => this.#recent.delete(key)),
    )
  }
}

const alreadyConnected: Omit<HelloResponse, 'id'> = {
  result: 'hello',
  binary: false,
  reconnect: false,
  alreadyConnected: true,
}

/** Workspaces of the server's own. */
export const RESERVED = 'atrium:'

function keyOf({ token, id }: Session): string {
  return `${token.workspace}/${id}`
}

function isOver({ state }: Session): boolean {
  return state === 'closing' || state === 'closed'
}

function isFinal(code: string): boolean {
  return [
    'platform:status:Forbidden',
    'platform:status:WorkspaceNotFound',
    'platform:status:Unauthorized',
  ].includes(code)
}

import { randomUUID } from 'node:crypto'
import { closeCodes } from '../../protocol/close-codes.ts'
import type { HelloRequest, HelloResponse } from '../../protocol/messages.ts'
import type { ModelVersion } from '../accounts/accounts-client.ts'
import { SYSTEM_EMAIL, type Verdict } from '../auth/tokens.ts'
import { mapError } from '../errors/map-error.ts'
import type { TimerWheel } from '../time/timer-wheel.ts'
import type { Socket, SocketHandlers } from '../wire/socket.ts'
import type { Admission, Entry } from '../workspaces/admission.ts'
import { AdmissionRefused, refusalFor } from '../workspaces/admission-rules.ts'
import type { WorkspaceHost } from '../workspaces/workspace-host.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Maintenance } from './maintenance.ts'
import { refuseConnection } from './refused-connection.ts'
import { Session, type SessionEvents } from './session.ts'
import { SessionIds } from './session-ids.ts'
import type { SessionServices } from './session-services.ts'

export interface SessionRegistryOptions {
  services: SessionServices
  admission: Admission
  registry: WorkspaceRegistry
  maintenance: Maintenance
  wheel: TimerWheel
  modelVersion: ModelVersion
  serverVersion: string
  /** Bytes of the largest message a client may send. */
  maxPayload: number
  /** Messages of a client with a bad token that are answered. */
  unverifiedMessages: number
  /** Milliseconds in which a session that comes back is told `reconnect: true`. */
  reconnectWindow: number
  /** Milliseconds between pings. */
  pingInterval: number
}

/** Tools of the system are busy at times: their ping interval is this many times as long. */
const SYSTEM_PING_FACTOR = 10

/** The workspace of an open session, and its heartbeat. */
interface OpenSession {
  host: WorkspaceHost
  heartbeat: Heartbeat
}

/** Every session of a server, from its connection to its end. */
export class SessionRegistry {
  /** Those on their way in included. */
  readonly all = new Set<Session>()
  readonly #options: SessionRegistryOptions
  readonly #events: SessionEvents
  readonly #open = new Map<Session, OpenSession>()
  readonly #ids: SessionIds

  constructor(options: SessionRegistryOptions) {
    this.#options = options
    this.#ids = new SessionIds(options.wheel, options.reconnectWindow)
    this.#events = {
      over: (session) => this.#over(session),
      introduction: (session, hello) => this.#introduction(session, hello),
      upgrading: (session) => this.#open.get(session)?.host.acknowledge(session),
      tokenRenewed: (session) => this.#open.get(session)?.heartbeat.tokenRenewed(),
    }
  }

  /** Sessions that ended within the reconnect window. */
  get remembered(): number {
    return this.#ids.remembered
  }

  /** Messages that wait for their readers. */
  get outboxMessages(): number {
    let sum = 0
    for (const { outboxMessages } of this.all) sum += outboxMessages
    return sum
  }

  /** Open sessions by the id of their workspace. */
  byWorkspace(): ReadonlyMap<string, readonly Session[]> {
    const found = new Map<string, Session[]>()
    for (const [session, { host }] of this.#open) {
      const sessions = found.get(host.id)
      if (sessions === undefined) found.set(host.id, [session])
      else sessions.push(session)
    }
    return found
  }

  /** Verifies a raw token, before there is a connection. */
  verify(raw: string): Verdict {
    const { admission, services } = this.#options
    const started = performance.now()
    try {
      const token = admission.verify(raw)
      services.metrics.verifiedToken((performance.now() - started) / 1000)
      return { token }
    } catch (refusal) {
      return { refusal }
    }
  }

  /** Accepts a connection. Returns the handlers of its events. A bad token too: its client is told. */
  accept(connection: {
    verdict: Verdict
    sessionId: string | undefined
    socket: Socket
    /** In the form that limits count by. */
    address?: string
  }): SocketHandlers {
    const { services, wheel, unverifiedMessages } = this.#options
    const { verdict, socket, address = '' } = connection
    services.metrics.connected()
    if ('refusal' in verdict) {
      const status = mapError(verdict.refusal, services.logger)
      return refuseConnection(socket, status, { wheel, messages: unverifiedMessages })
    }
    const id = connection.sessionId ?? randomUUID()
    const { token } = verdict
    const session = new Session({ id, token, socket, address, services, events: this.#events })
    this.all.add(session)
    if (this.#ids.isFree(session)) void this.#enter(session)
    else session.refuse(alreadyConnected, closeCodes.sessionTaken)
    return session
  }

  /** Ends all sessions, each with its own reason, and admits nobody any more. */
  drain(reason: () => { code: number; reason: string }): void {
    this.#options.admission.close()
    for (const session of this.all) session.finish(reason())
  }

  /** The workspace was closed, so no session of it can resume. */
  forgetRecent(workspace: string): void {
    this.#ids.forget(workspace)
  }

  async #enter(session: Session): Promise<void> {
    const { admission, registry } = this.#options
    let host: WorkspaceHost | undefined
    try {
      const info = await admission.register(session)
      // Not before: the bearer of a token that is revoked must not take the place of another session.
      if (session.isOver) return
      // While a session is replaced its workspace must not close: scans of backup tools would end.
      host = this.#ids.isHeld(session) ? await registry.arrive(session.token.workspace) : undefined
      if (!(await this.#ids.take(session))) return session.refuse(alreadyConnected, closeCodes.sessionTaken)
      session.enter()
      await admission.admit(session, info, (entry) => this.#join(session, entry))
    } catch (error) {
      this.#refuse(session, error)
    } finally {
      host?.leave()
      admission.unregister(session)
    }
  }

  #refuse(session: Session, error: unknown): void {
    const { logger } = this.#options.services
    const refusal = error instanceof AdmissionRefused ? error.refusal : refusalFor(mapError(error, logger))
    session.refuse(refusal.response, refusal.reason)
  }

  #join(session: Session, { host, pipeline, caller }: Entry): void {
    const { wheel, pingInterval, services, maintenance } = this.#options
    const interval = session.token.email === SYSTEM_EMAIL ? pingInterval * SYSTEM_PING_FACTOR : pingInterval
    const heartbeat = new Heartbeat(session, { wheel, now: services.now, interval })
    this.#open.set(session, { host, heartbeat })
    host.join(session, caller)
    session.open(pipeline, caller)
    const warning = maintenance.warning()
    if (warning !== undefined) session.signal(warning)
    const { id, token } = session
    services.logger.info({ session: id, workspace: token.workspace, mode: token.mode }, 'a session opened')
  }

  #introduction(session: Session, hello: HelloRequest): Partial<HelloResponse> {
    const reconnect = this.#ids.isReturning(session)
    if (hello.protocol !== 2) return { reconnect }
    const { serverVersion, modelVersion, maxPayload } = this.#options
    const { major, minor, patch } = modelVersion
    return { reconnect, serverVersion, maxPayload, modelVersion: `${major}.${minor}.${patch}` }
  }

  #over(session: Session): void {
    this.all.delete(session)
    this.#ids.release(session)
    const open = this.#open.get(session)
    if (open === undefined) return
    this.#open.delete(session)
    open.heartbeat.stop()
    if (open.host.state === 'open') this.#ids.remember(session)
    open.host.part(session)
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

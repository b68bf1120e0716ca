import { closeCodes } from '../../protocol/close-codes.ts'
import type { Maintenance } from '../sessions/maintenance.ts'
import type { Session } from '../sessions/session.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { WorkspaceHost } from '../workspaces/workspace-host.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import type { Administration } from './admin-routes.ts'
import type { Visit } from './trigger-routes.ts'
import { oldStatistics } from './old-statistics.ts'

/** Implements the administrative operations with the parts of the server. */
export function administration(parts: {
  registry: WorkspaceRegistry
  sessions: SessionRegistry
  maintenance: Maintenance
  visit: Visit
  stop: () => void
}): Administration {
  const { registry, sessions, maintenance, visit, stop } = parts
  return {
    totals: () => {
      const { heapUsed, rss } = process.memoryUsage()
      const memory = { heapUsed, rss }
      return { sessions: sessions.all.size, workspaces: registry.size, uptime: process.uptime(), memory }
    },
    oldStatistics: (admin) => oldStatistics(sessions, admin ? registry.hosts() : [], admin),
    workspaces: () => {
      const found = sessions.byWorkspace()
      return [...registry.hosts()].map((host) => workspaceFacts(host, found.get(host.id) ?? []))
    },
    sessions: (id) => {
      if (registry.find(id) === undefined) return undefined
      return (sessions.byWorkspace().get(id) ?? []).map(sessionFacts)
    },
    closeSession: (id, sessionId) => {
      const session = sessions
        .byWorkspace()
        .get(id)
        ?.find((each) => each.id === sessionId)
      session?.close(closeCodes.closedByAdmin)
      return session !== undefined
    },
    maintenance: (minutes, { message, drain }) =>
      maintenance.schedule(minutes, message, drain ? stop : undefined),
    cancelMaintenance: () => maintenance.cancel(),
    forceClose: (id) => registry.forceClose(id),
    wipeStatistics: () => {
      for (const session of sessions.all) session.statistics.wipe()
    },
    visit,
    reboot: stop,
  }
}

function workspaceFacts(host: WorkspaceHost, sessions: readonly Session[]): object {
  const { id, state, upgrading, queueDepth } = host
  return { id, state, upgrading, queueDepth, ...host.facts, sessions: sessions.map(sessionFacts) }
}

function sessionFacts(session: Session): object {
  const { id, token, state, startedAt, statistics, format, outboxMessages } = session
  const { current, lastFiveMinutes, total } = statistics
  return {
    sessionId: id,
    email: token.email,
    mode: token.mode,
    admin: token.admin,
    state,
    startedAt,
    binary: format.binary,
    outboxMessages,
    current,
    mins5: lastFiveMinutes,
    total,
  }
}

import { closeCodes } from '../../protocol/close-codes.ts'
import type { Maintenance } from '../sessions/maintenance.ts'
import type { Session } from '../sessions/session.ts'
import type { SessionManager } from '../sessions/session-manager.ts'
import type { WorkspaceHost } from '../workspaces/workspace-host.ts'
import type { WorkspaceRegistry } from '../workspaces/workspace-registry.ts'
import type { Administration } from './admin-routes.ts'
import { oldStatistics } from './old-statistics.ts'

/** What the routes may ask, answered by the parts that know. */
export function administration(parts: {
  registry: WorkspaceRegistry
  manager: SessionManager
  maintenance: Maintenance
  stop: () => void
}): Administration {
  const { registry, manager, maintenance, stop } = parts
  return {
    totals: () => {
      const { heapUsed, rss } = process.memoryUsage()
      const memory = { heapUsed, rss }
      return { sessions: manager.sessions.size, workspaces: registry.size, uptime: process.uptime(), memory }
    },
    oldStatistics: (admin) => oldStatistics(manager.sessions.size, admin ? registry.hosts() : [], admin),
    workspaces: () => [...registry.hosts()].map(workspaceFacts),
    sessions: (id) => {
      const host = registry.find(id)
      return host === undefined ? undefined : [...host.sessions].map(sessionFacts)
    },
    closeSession: (id, sessionId) => {
      const session = [...(registry.find(id)?.sessions ?? [])].find((each) => each.id === sessionId)
      session?.close(closeCodes.closedByAdmin)
      return session !== undefined
    },
    maintenance: (minutes, { message, drain }) =>
      maintenance.schedule(minutes, message, drain ? stop : undefined),
    cancelMaintenance: () => maintenance.cancel(),
    forceClose: (id) => registry.forceClose(id),
    wipeStatistics: () => {
      for (const session of manager.sessions) session.statistics.wipe()
    },
    reboot: stop,
  }
}

function workspaceFacts(host: WorkspaceHost): object {
  const { id, state, upgrading, queueDepth } = host
  return { id, state, upgrading, queueDepth, sessions: [...host.sessions].map(sessionFacts) }
}

function sessionFacts(session: Session): object {
  const { id, token, state, startedAt, statistics, binary, outboxMessages } = session
  const { current, lastFiveMinutes, total } = statistics
  return {
    sessionId: id,
    email: token.email,
    mode: token.mode,
    admin: token.admin,
    state,
    startedAt,
    binary,
    outboxMessages,
    current,
    mins5: lastFiveMinutes,
    total,
  }
}

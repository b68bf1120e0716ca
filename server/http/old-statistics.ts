import { loadavg, freemem, totalmem } from 'node:os'
import type { Session } from '../sessions/session.ts'
import type { SessionRegistry } from '../sessions/session-registry.ts'
import type { WorkspaceHost } from '../workspaces/workspace-host.ts'

const MIB = 1024 * 1024

/**
 * Statistics in the shape that the old admin page reads.
 *
 * @param hosts workspaces whose sessions are listed; none for callers who may not see sessions
 */
export function oldStatistics(
  sessions: SessionRegistry,
  hosts: Iterable<WorkspaceHost>,
  admin: boolean,
): object {
  const found = sessions.byWorkspace()
  const { heapUsed, heapTotal, rss, arrayBuffers } = process.memoryUsage()
  return {
    metrics: { operations: 0, value: 0, measurements: {}, params: {} },
    statistics: {
      activeSessions: Object.fromEntries(
        [...hosts].map((host) => [host.id, activity(host, found.get(host.id) ?? [])]),
      ),
      totalClients: sessions.all.size,
      memoryUsed: rounded(heapUsed / MIB),
      memoryTotal: rounded(heapTotal / MIB),
      memoryRSS: rounded(rss / MIB),
      memoryArrayBuffers: rounded(arrayBuffers / MIB),
      cpuUsage: rounded(loadavg()[0] ?? 0),
      freeMem: rounded(freemem() / MIB),
      totalMem: rounded(totalmem() / MIB),
    },
    users: [],
    admin,
  }
}

function activity({ id, upgrading, isOver }: WorkspaceHost, sessions: readonly Session[]): object {
  return {
    sessions: sessions.map(sessionActivity),
    name: id,
    wsId: id,
    sessionsTotal: sessions.length,
    upgrading,
    closing: isOver,
  }
}

function sessionActivity({ token, id, format, statistics }: Session): object {
  const { current, lastFiveMinutes, total } = statistics
  return {
    userId: token.email,
    data: { sessionId: id, binary: format.binary, mode: token.mode },
    mins5: lastFiveMinutes,
    total,
    current,
    upgrade: token.mode === 'upgrade',
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

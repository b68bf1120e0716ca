import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../model/clock.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import type { SessionRegistry } from './session-registry.ts'

/** Milliseconds that a server takes to start again: clients need not reconnect sooner. */
const RESTART_TIME = 2000

/**
 * Ends all sessions of a server that stops, in at most `limit` milliseconds. Each gets its own delay to reconnect, so
 * that clients do not all reconnect at once.
 */
export async function endSessions(registry: SessionRegistry, limit: number): Promise<void> {
  const sessions = registry.all
  const spread = Math.min(30_000, 100 + sessions.size * 5)
  registry.drain(() => ({
    ...closeCodes.restart,
    reason: `retry in ${RESTART_TIME + Math.floor(Math.random() * spread)} ms`,
  }))
  const deadline = systemClock.monotonic() + limit
  while (sessions.size > 0 && systemClock.monotonic() < deadline) await wait(10)
  for (const session of sessions) session.terminate()
}

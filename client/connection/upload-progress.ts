import type { Connection } from './connection.ts'
import type { Clock } from '../runtime/environment.ts'

/** Milliseconds between polls of the socket's buffer: WebSockets have no event for it. */
const INTERVAL = 50

/**
 * Reports how much of the last message has left the socket's buffer, until all of it has or the connection has ended.
 *
 * @param total bytes of the message
 */
export function reportUploadProgress(
  connection: Connection,
  clock: Clock,
  total: number,
  report: (sent: number, total: number) => void,
): void {
  const end = connection.sentBytes
  let last = -1
  const poll = () => {
    const later = connection.sentBytes - end
    const left = Math.min(total, Math.max(0, connection.bufferedAmount - later))
    if (total - left !== last) report((last = total - left), total)
    if (left > 0 && !connection.isGone) clock.schedule(INTERVAL, poll)
  }
  poll()
}

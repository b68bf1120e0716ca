import type { Connection } from './connection.ts'
import type { Clock } from '../runtime/environment.ts'

/** Milliseconds between looks at what is still to be sent. */
const INTERVAL = 50

/** Tells how much of the last message of `total` bytes is on its way, until all of it is or the connection has gone. */
export function reportUploadProgress(
  connection: Connection,
  clock: Clock,
  total: number,
  tell: (sent: number, total: number) => void,
): void {
  const end = connection.sentBytes
  let last = -1
  const look = () => {
    const later = connection.sentBytes - end
    const left = Math.min(total, Math.max(0, connection.bufferedAmount - later))
    if (total - left !== last) tell((last = total - left), total)
    if (left > 0 && !connection.isGone) clock.schedule(INTERVAL, look)
  }
  look()
}

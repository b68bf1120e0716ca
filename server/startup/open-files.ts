import type { Server, Socket } from 'node:net'
import { isOutOfFiles, TOO_MANY_FILES } from '../../storage/shared/out-of-files.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'

/** Minimum milliseconds between two lines of the log. */
const QUIET = 5000
/** Descriptors that files and the server's own connections need beside those of clients. */
const RESERVE = 16

/**
 * Logs that the process comes near its limit of open files. Beyond the limit the system accepts connections and drops
 * them without any error.
 * @param monotonic milliseconds
 */
export function watchOpenFiles(server: Server, logger: Logger, monotonic: () => number): void {
  const most = openFilesLimit()
  let next = -Infinity
  const say = (fields: object, message: string) => {
    if (monotonic() < next) return
    next = monotonic() + QUIET
    logger.error(fields, message)
  }
  server.on('connection', (socket) => {
    // The system uses the lowest free number.
    if (descriptorOf(socket) >= most - RESERVE) say({ limit: most }, TOO_MANY_FILES)
  })
  // Without a listener the first error would end the process.
  server.on('error', (error) =>
    say({ err: error }, isOutOfFiles(error) ? TOO_MANY_FILES : 'a connection could not be taken'),
  )
}

/** `Infinity` without a limit, or where the system does not report it. */
function openFilesLimit(): number {
  // The report has no type. Its fields are optional here, as systems differ.
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : Infinity
}

function descriptorOf(socket: Socket): number {
  // The descriptor is in a private field of Node, which may be missing.
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null }
  return handle?.fd ?? -1
}

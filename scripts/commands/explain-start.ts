import { isOutOfFiles, TOO_MANY_FILES } from '../../storage/shared/out-of-files.ts'
import type { Configuration } from '../../server/configuration/configuration.ts'
import { MetricsListenError } from '../../server/http/metrics-route.ts'

/** The message for a failed start: what to do about it. */
export function explainStart(error: unknown, configuration: Configuration): string {
  const ofMetrics = error instanceof MetricsListenError
  const reason = ofMetrics ? error.cause : error
  if (isOutOfFiles(reason)) return TOO_MANY_FILES
  return explainListen(reason, addressOf(configuration, ofMetrics)) ?? explainData(reason, configuration.data)
}

interface Address {
  host: string
  port: number | undefined
  /** The beginning of the names of both options. */
  prefix: 'ATRIUM_' | 'ATRIUM_METRICS_'
}

function addressOf(configuration: Configuration, ofMetrics: boolean): Address {
  const { host, port, metricsHost, metricsPort } = configuration
  if (ofMetrics) return { host: metricsHost, port: metricsPort, prefix: 'ATRIUM_METRICS_' }
  return { host, port, prefix: 'ATRIUM_' }
}

/** @returns `undefined` for an error that is not about the address or port */
function explainListen(error: unknown, { host, port, prefix }: Address): string | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use: stop what uses it, or set ${prefix}PORT to another (0 picks a free one)`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no address of this machine: set ${prefix}HOST`
    case 'EACCES':
    case 'EPERM':
      return syscall === 'listen'
        ? `port ${port} may not be used: set ${prefix}PORT to 1024 or more`
        : undefined
    default:
      return undefined
  }
}

function explainData(error: unknown, data: string): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'read-only':
      return `the data folder ${data} cannot be written: set ATRIUM_DATA or its permissions`
    case 'EEXIST':
    case 'ENOTDIR':
      return `the data folder ${data} cannot be made, as a file stands in its way: set ATRIUM_DATA`
    case 'ENOENT':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return `the data folder ${data} cannot be made or written (${code}): set ATRIUM_DATA`
    case 'full':
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk of the data folder ${data} is full`
    case 'damaged':
      return `a file in the data folder ${data} is damaged: ${message}`
    default:
      return message
  }
}

import { isOutOfFiles, TOO_MANY_FILES } from '../../storage/shared/out-of-files.ts'
import type { Configuration } from '../../server/configuration/configuration.ts'

/** The message for a failed start: what to do about it. */
export function explainStart(error: unknown, { host, port, data }: Configuration): string {
  const { code, message, syscall } = error as NodeJS.ErrnoException
  if (isOutOfFiles(error)) return TOO_MANY_FILES
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use: stop what uses it, or set ATRIUM_PORT to another (0 picks a free one)`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no address of this machine: set ATRIUM_HOST`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'read-only':
      if (syscall === 'listen') return `port ${port} may not be used: set ATRIUM_PORT to 1024 or more`
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

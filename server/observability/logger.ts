import { type DestinationStream, pino } from 'pino'
import type { Logger } from '../../pipeline/shared/logger.ts'

export interface LeveledLogger {
  logger: Logger
  setLevel: (level: string) => void
}

/** Writes structured lines to standard error, without fields that hold a secret. */
export function createLogger(level: string, destination: DestinationStream = standardError()): LeveledLogger {
  const redact = {
    paths: ['token', '*.token', 'secret', '*.secret', 'password', '*.password', 'headers.authorization'],
    remove: true,
  }
  const logger = pino({ level, redact, base: null }, destination)
  return { logger, setLevel: (next) => void (logger.level = next) }
}

function standardError(): DestinationStream {
  return pino.destination({ fd: 2, sync: true })
}

import { type DestinationStream, pino } from 'pino'
import type { Logger } from '../pipeline/workspace.ts'

/** Structured lines on standard error; whatever holds a secret is left out. */
export function createLogger(level: string, destination: DestinationStream = standardError()): Logger {
  const redact = {
    paths: ['token', '*.token', 'secret', '*.secret', 'password', '*.password', 'headers.authorization'],
    remove: true,
  }
  return pino({ level, redact, base: null }, destination)
}

function standardError(): DestinationStream {
  return pino.destination({ fd: 2, sync: true })
}

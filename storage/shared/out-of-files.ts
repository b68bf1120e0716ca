import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/** Advice for a person when no more files and connections can be opened. */
export const TOO_MANY_FILES =
  'too many files and connections are open: raise the limit of the process (`ulimit -n`)'

/** Whether the process or the machine can open no more files. */
export function isOutOfFiles(error: unknown): boolean {
  const code = codeOf(error)
  // SQLite does not report the cause.
  return isOutOfFilesCode(code) || (code === 'SQLITE_CANTOPEN' && cannotOpenAny())
}

/** The code of an error of the system or of SQLite. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function isOutOfFilesCode(code: unknown): boolean {
  return code === 'EMFILE' || code === 'ENFILE'
}

function cannotOpenAny(): boolean {
  try {
    closeSync(openSync(devNull, 'r'))
    return false
  } catch (error) {
    return isOutOfFilesCode(codeOf(error))
  }
}

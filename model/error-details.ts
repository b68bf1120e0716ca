/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  const message = property(error, 'message')
  return typeof message === 'string' ? message : String(error)
}

/** The code of an error of the system or of SQLite, such as `ENOENT`; `undefined` when it has none. */
export function codeOf(error: unknown): string | undefined {
  const code = property(error, 'code')
  return typeof code === 'string' ? code : undefined
}

/** Not by `instanceof Error`: errors of Node have another `Error` where a test runner has a context of its own. */
function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
}

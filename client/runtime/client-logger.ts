/** Gets what the client does. Never a token, never the contents of a document. */
export interface ClientLogger {
  debug: (message: string, fields: object) => void
  warn: (message: string, fields: object) => void
}

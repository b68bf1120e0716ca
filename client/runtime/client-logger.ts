/** Receives the client's log messages. They contain neither tokens nor contents of documents. */
export interface ClientLogger {
  debug: (message: string, fields: object) => void
  warn: (message: string, fields: object) => void
}

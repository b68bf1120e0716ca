/** A server for tests. */
export interface Service {
  url: string
  name: string
  version: string
  stop: () => Promise<void>
  /** The reason for which tests of concurrency prove nothing here. */
  notAtomic?: string
  /** The reason for which a collection has to exist before a cut or kill. */
  leavesHalves?: string
  /** It scans all documents for every query. */
  scans?: true
  /** Only for a server that was started here. */
  outage?: Outage
}

/** Ends a server, and starts it again at the same address with the same data. */
export interface Outage {
  /** As hard as acknowledged writes survive. */
  how: 'kill -9' | 'a clean stop'
  begin: () => Promise<void>
  end: () => Promise<void>
}

/** The reason for which there is none. */
export interface MissingService {
  missing: string
}

/** Services are required: a test without its service fails instead of being skipped. */
export const areRequired = process.env['REQUIRE_SERVICES'] === '1'

export const nothingToStop = (): Promise<void> => Promise.resolve()

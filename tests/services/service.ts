/** A server that tests run against. */
export interface Service {
  url: string
  name: string
  version: string
  stop: () => Promise<void>
  /** Why tests of what happens at once prove nothing here. */
  notAtomic?: string
  /** Why a collection has to be there before anything is cut or killed. */
  leavesHalves?: string
  /** It looks at every document, whatever it is asked for. */
  scans?: true
  /** Only of one that was started here. */
  outage?: Outage
}

/** Ends a server, and starts it again at the same address with the same data. */
export interface Outage {
  /** As hard as what it has acknowledged survives. */
  how: 'kill -9' | 'a clean stop'
  begin: () => Promise<void>
  end: () => Promise<void>
}

/** Why there is none. */
export interface MissingService {
  missing: string
}

/** Services are demanded, so that a test which needs one fails instead of being skipped. */
export const areRequired = process.env['REQUIRE_SERVICES'] === '1'

export const nothingToStop = (): Promise<void> => Promise.resolve()

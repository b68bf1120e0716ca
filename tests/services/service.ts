/** A server that tests run against. */
export interface Service {
  url: string
  name: string
  version: string
  stop: () => Promise<void>
}

/** Why there is none. */
export interface MissingService {
  missing: string
}

/** Services are demanded, so that a test which needs one fails instead of being skipped. */
export const areRequired = process.env['REQUIRE_SERVICES'] === '1'

export const nothingToStop = (): Promise<void> => Promise.resolve()

import { afterAll, describe } from '@jest/globals'
import { findEachMongo, findMongo } from './mongodb.ts'
import type { MissingService, Service } from './service.ts'
import { withFound } from './with-found.ts'

/** Runs with a server, which is stopped after the tests. */
export async function withMongo(run: (service: Service) => void): Promise<void> {
  withServer(await findMongo(), run)
}

/**
 * Runs with MongoDB itself, or, where that is not available, with each of two substitutes that behave differently.
 * Titles of tests name the server.
 */
export async function withEachMongo(run: (service: Service) => void): Promise<void> {
  for (const found of await findEachMongo()) withServer(found, run)
}

function withServer(found: Service | MissingService, run: (service: Service) => void): void {
  withFound('STO-40: a server of MongoDB’s protocol is available', found, (service) => {
    describe(`over ${service.name}`, () => {
      afterAll(() => service.stop())
      run(service)
    })
  })
}

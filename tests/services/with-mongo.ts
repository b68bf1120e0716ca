import { after } from 'node:test'
import { findEachMongo, findMongo } from './mongodb.ts'
import type { MissingService, Service } from './service.ts'
import { withFound } from './with-found.ts'

/** Runs with a server, which is stopped after the tests. */
export async function withMongo(describe: (service: Service) => void): Promise<void> {
  withServer(await findMongo(), describe)
}

/**
 * Runs with MongoDB itself, or, where that is not at hand, with each of two servers that behave differently: titles of
 * tests name the server.
 */
export async function withEachMongo(describe: (service: Service) => void): Promise<void> {
  for (const found of await findEachMongo()) withServer(found, describe)
}

function withServer(found: Service | MissingService, describe: (service: Service) => void): void {
  withFound('STO-40: a server of MongoDB’s protocol is there', found, (service) => {
    after(() => service.stop())
    describe(service)
  })
}

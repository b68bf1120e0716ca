import { after } from 'node:test'
import { findMongo } from './mongodb.ts'
import type { Service } from './service.ts'
import { withFound } from './with-found.ts'

/** Runs with a server, which is stopped after the tests. */
export async function withMongo(describe: (service: Service) => void): Promise<void> {
  withFound('STO-40: a server of MongoDB’s protocol is there', await findMongo(), (service) => {
    after(() => service.stop())
    describe(service)
  })
}

import { after, test } from 'node:test'
import { findMongo } from './mongodb.ts'
import { areRequired, type Service } from './service.ts'

/** Runs with a server; without one, a skipped test says why, or a failed one where services are required. */
export async function withMongo(describe: (service: Service) => void): Promise<void> {
  const found = await findMongo()
  if (!('missing' in found)) {
    after(() => found.stop())
    describe(found)
    return
  }
  void test(
    'STO-40: a server of MongoDB’s protocol is there',
    areRequired ? {} : { skip: found.missing },
    () => {
      throw new Error(found.missing)
    },
  )
}

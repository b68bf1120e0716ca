import { expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { dropDatabases } from '../../storage/testing/mongodb-test-storage.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { type Frame, RawClient } from '../support/raw-client.ts'
import { applyIf, createTask, updateTask } from '../support/transactions.ts'
import { withEachMongo } from './with-mongo.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testUnless } from '../support/test-unless.ts'

const megabyte = 1024 * 1024
/** The limit of MongoDB, without the bytes that atrium adds. */
const limit = 16 * megabyte - 16_384

await withEachMongo(({ url: mongoUrl, name, scans }) => {
  const slow = scans === true ? 'it takes minutes for documents of megabytes' : undefined

  function serverOf() {
    const mongoPrefix = `t-${randomBytes(5).toString('hex')}-`
    onTestEnd(() => dropDatabases(mongoUrl, mongoPrefix))
    // The limits of the server are beyond those of MongoDB.
    const maxPayload = String(256 * megabyte)
    return testServer({ storage: 'mongodb', mongoUrl, mongoPrefix, maxPayload })
  }

  /** Receives no pushes, which are large here. */
  const memberOf = async (server: TestServer, member: string) => {
    const client = await RawClient.open(server.url, server.token(member), { broadcast: false })
    const send = async (tx: object): Promise<Frame> => {
      const { txes, ...signed } = { ...tx, modifiedBy: `account:${member}` } as { txes?: object[] }
      const inner = txes?.map((each) => ({ ...each, modifiedBy: `account:${member}` }))
      return await client.ask('tx', [inner === undefined ? signed : { ...signed, txes: inner }])
    }
    const codeOf = async (tx: object) => (await send(tx)).error?.code ?? 'committed'
    const idsOf = async (query: object) => {
      const found = await client.request('findAll', ['board:class:Task', query, { projection: { _id: 1 } }])
      return (found as { _id: string }[]).map(({ _id }) => _id).sort()
    }
    return { send, codeOf, idsOf }
  }

  test(`STO-131: a document larger than MongoDB stores is refused with TooLarge, and requests of others are not (${name})`, async () => {
    const server = await serverOf()
    const [ann, bob] = [await memberOf(server, 'ann'), await memberOf(server, 'bob')]
    const made = await ann.codeOf(createTask('grows', { title: 'g', labels: [] }))
    expect(made).toBe('committed')
    const part = 'z'.repeat(6 * megabyte)
    const large = [createTask('large', { title: 'x'.repeat(17 * megabyte) })]
    if (slow === undefined) large.push(updateTask('grows', { $push: { labels: part } }))
    for (const at of slow === undefined ? [1, 2] : [])
      expect(await ann.codeOf(updateTask('grows', { $push: { labels: `${at}${part}` } }))).toBe('committed')
    const sender = { isGoing: true }
    const others: Promise<string>[] = []
    const sendOthers = async () => {
      while (sender.isGoing) {
        others.push(bob.codeOf(createTask(`b${others.length}`, { title: 'b' })))
        await new Promise(setImmediate)
        if (others.length % 20 === 0) await others.at(-1)
      }
    }
    const sending = sendOthers()
    const refused = (await Promise.all(large.map((tx) => ann.send(tx)))).map(({ error }) => error)
    sender.isGoing = false
    await sending
    expect(refused.map((error) => error?.code)).toStrictEqual(large.map(() => 'platform:status:TooLarge'))
    expect(
      refused.map((error) => [
        error?.params['_id'],
        error?.params['limit'],
        Number(error?.params['size']) > limit,
      ]),
    ).toStrictEqual(large.map(({ objectId }) => [objectId, limit, true]))
    expect(others.length).toBeGreaterThan(0)
    expect([...new Set(await Promise.all(others))]).toStrictEqual(['committed'])
    expect(await ann.codeOf(updateTask('grows', { title: 'still' }))).toBe('committed')
    const ids = await bob.idsOf({})
    expect([ids.length, ids.includes('large'), ids.includes('grows')]).toStrictEqual([
      others.length + 1,
      false,
      true,
    ])
    const errors = server.log.lines.filter(({ level }) => level === 'error')
    // It is not an error of the server.
    expect(errors).toStrictEqual([])
  })

  testUnless(slow)(
    `STO-132: documents that fit one by one are written although they come together, and a transaction beyond the limit is refused with TooLarge (${name})`,
    async () => {
      const server = await serverOf()
      const members = await Promise.all(Array.from({ length: 8 }, (_, at) => memberOf(server, `m${at}`)))
      const title = 'x'.repeat(6 * megabyte)
      const answers = await Promise.all(
        members.map((member, at) => member.codeOf(createTask(`d${at}`, { title }))),
      )
      expect(answers).toStrictEqual(members.map(() => 'committed'))
      const txes = Array.from({ length: 7 }, (_, at) => createTask(`e${at}`, { title }))
      const [whole, other] = await Promise.all([
        members[0]?.codeOf(applyIf({ txes })),
        members[1]?.codeOf(createTask('other', { title: 'o' })),
      ])
      expect([whole, other]).toStrictEqual(['platform:status:TooLarge', 'committed'])
      expect(await members[0]?.idsOf({ _id: { $in: ['e0', 'e6', 'other', 'd7'] } })).toStrictEqual([
        'd7',
        'other',
      ])
    },
  )
})

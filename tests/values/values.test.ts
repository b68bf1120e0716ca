import { expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import type { Doc } from '../../model/documents.ts'
import { dropDatabases } from '../../storage/testing/mongodb-test-storage.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import { withEachMongo } from '../services/with-mongo.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { expectedOf, keptValues } from './odd-values.ts'
import { codeOf, oddClass, speakers } from './value-world.ts'
import { expectFor, expectThat } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testSeed } from '../support/property-parameters.ts'

const valueOf = (doc: Doc | undefined) => (doc as { value?: unknown } | undefined)?.value
const idsOf = (found: readonly Doc[]) => found.map(({ _id }) => _id as string).sort()

/** Documents that are uploaded together. */
const AT_ONCE = 24

/** Copies a workspace like backup tools, in JSON. */
async function copy(server: TestServer, from: string, to: string): Promise<void> {
  const tool = async (workspace: string) =>
    await RawClient.open(server.url, server.token('tool', workspace, { mode: 'backup' }))
  const [reader, writer] = [await tool(from), await tool(to)]
  for (const domain of ['tx', 'odd', 'space', 'module']) {
    const old = (await writer.request('loadChunk', [domain])) as { docs: { id: string }[] }
    await writer.request('clean', [domain, old.docs.map(({ id }) => id)])
    let idx: number | undefined
    for (let finished = false; !finished;) {
      const chunk = (await reader.request('loadChunk', idx === undefined ? [domain] : [domain, idx])) as {
        idx: number
        docs: { id: string }[]
        finished: boolean
      }
      ;({ idx, finished } = chunk)
      const ids = chunk.docs.map(({ id }) => id)
      const docs = (await reader.request('loadDocs', [domain, ids, idx])) as Doc[]
      // Small batches: one substitute scans all documents for each write.
      for (let at = 0; at < docs.length; at += AT_ONCE)
        await writer.request('upload', [domain, docs.slice(at, at + AT_ONCE)])
    }
    expectFor(domain, await writer.request('getDomainHash', [domain])).toBe(
      await reader.request('getDomainHash', [domain]),
    )
  }
  await Promise.all([reader.close(), writer.close()])
}

async function checkValues(flags: Flags): Promise<void> {
  const seed = testSeed()
  const server = await testServer(flags)
  const { all, sdk } = await speakers(server)
  const values = keptValues(seed)
  const queries = values.map((value) => ({ value }))
  // Live queries are started before the documents exist.
  const live = sdk.map((client) =>
    queries.map((query) => {
      const state: { shown?: Doc[] | string } = {}
      const show = (found: Doc[]) => (state.shown = [...found])
      client.query(oddClass, query as never, {}, show, (error) => (state.shown = codeOf(error)))
      return state
    }),
  )
  for (const [at, value] of values.entries())
    await Promise.all(all.map(({ create }, by) => create(`v${at}-${by}`, value)))
  await checkRead(all, values)
  const asked = await checkAsked(all, queries)
  const isShown = () =>
    live.every((states) =>
      states.every(({ shown }, at) => {
        const found = asked[at]
        if (shown === undefined || found === undefined) return false
        return JSON.stringify(typeof shown === 'string' ? shown : idsOf(shown)) === JSON.stringify(found)
      }),
    )
  await waitUntil(isShown, 'live queries that show what is found')
  await checkLog(server, values)
  await copy(server, 'w1', 'w2')
  await checkRead((await speakers(server, 'w2')).all, values)
  const other = await speakers(server, 'w2')
  expect(await checkAsked(other.all, queries)).toStrictEqual(asked)
}

/** Each value is read the same, whoever wrote and whoever reads it. */
async function checkRead(
  all: Awaited<ReturnType<typeof speakers>>['all'],
  values: readonly unknown[],
): Promise<void> {
  for (const { name, find } of all) {
    const found = await find({})
    expectThat(typeof found !== 'string')
    const byId = new Map(found.map((doc) => [doc._id as string, doc]))
    expect(byId.size).toBe(values.length * 4)
    for (const [at, value] of values.entries())
      for (const by of [0, 1, 2, 3]) {
        const read = valueOf(byId.get(`v${at}-${by}`))
        const what = `${name} reads of ${all[by]?.name} ${JSON.stringify(value).slice(0, 100)}`
        expectFor(what, read).toStrictEqual(expectedOf(value))
      }
  }
}

/** Queries by a value have equal results, which contain the documents with it. */
async function checkAsked(
  all: Awaited<ReturnType<typeof speakers>>['all'],
  queries: readonly { value: unknown }[],
): Promise<(string[] | string)[]> {
  const answers: (string[] | string)[] = []
  for (const [at, query] of queries.entries()) {
    const found = await Promise.all(all.map(({ find }) => find(query)))
    const [first, ...others] = found.map((each) => (typeof each === 'string' ? each : idsOf(each)))
    for (const other of others) expectFor(JSON.stringify(query).slice(0, 100), other).toStrictEqual(first)
    if (typeof first !== 'string')
      for (const by of [0, 1, 2, 3])
        expectFor(JSON.stringify(query), first?.includes(`v${at}-${by}`)).toBeTruthy()
    answers.push(first ?? [])
  }
  return answers
}

/** The log contains the values as documents have them, and its replay gives the documents. */
async function checkLog({ url, token }: TestServer, values: readonly unknown[]): Promise<void> {
  const reader = await RawClient.open(url, token('ann'))
  const entries = (await reader.request('findAll', [
    'core:class:TxCreateDoc',
    { objectClass: oddClass },
  ])) as { objectId: string; attributes: { value?: unknown } }[]
  const byId = new Map(entries.map((entry) => [entry.objectId, entry]))
  for (const [at, value] of values.entries())
    for (const by of [0, 1, 2, 3])
      expect(byId.get(`v${at}-${by}`)?.attributes.value).toStrictEqual(expectedOf(value))
  const tool = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
  const { differences, flaws } = (await tool.request('verify')) as { differences: unknown[]; flaws: unknown }
  expect([differences, flaws]).toStrictEqual([[], []])
  await tool.close()
}

test.each(['memory', 'embedded'])(
  'WIRE-220: a value is the same in both encodings, in finds and live queries, in the log and in a backup: %s',
  async (storage) => {
    await checkValues({ storage })
  },
)

await withEachMongo(({ url: mongoUrl, name }) => {
  test(`WIRE-220: a value is the same in both encodings, in finds and live queries, in the log and in a backup: ${name}`, async () => {
    const mongoPrefix = `t-${randomBytes(5).toString('hex')}-`
    onTestEnd(() => dropDatabases(mongoUrl, mongoPrefix))
    await checkValues({ storage: 'mongodb', mongoUrl, mongoPrefix })
  })
})

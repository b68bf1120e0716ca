import { describe, expect, test } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { RawClient, RawError } from '../support/raw-client.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { TEST_SPACES, testServer } from '../support/test-server.ts'
import { ann, testPipeline } from '../support/test-pipeline.ts'
import { waitUntil } from '../support/wait-until.ts'
import { create, Person, withoutKeys } from './unique-module.ts'

const UNIQUE = fileURLToPath(new URL('unique-module.js', import.meta.url))
const WRITERS = 50

const modules = `board,${TEST_SPACES},${UNIQUE}`

describe('unique keys over the wire', () => {
  test('MOD-114: of 50 writers that create documents with one key at once, exactly one succeeds', async () => {
    const { url, token } = await testServer({ storage: 'embedded', modules })
    const writers = await Promise.all(
      Array.from({ length: WRITERS }, async (_, at) => await RawClient.open(url, token(`w${at}`))),
    )
    onTestEnd(() => {
      for (const { socket } of writers) socket.close()
    })
    for (const round of ['first', 'second']) {
      const outcomes = await Promise.allSettled(
        writers.map(
          async (writer, at) =>
            await writer.request('tx', [
              create(`${round}-${at}`, { email: round }, { by: `account:w${at}` }),
            ]),
        ),
      )
      const refusals = outcomes.flatMap((outcome) =>
        'reason' in outcome ? [outcome.reason as RawError] : [],
      )
      expect(refusals).toHaveLength(WRITERS - 1)
      expect(new Set(refusals.map(({ code }) => code))).toStrictEqual(new Set(['platform:status:NotUnique']))
      expect(await writers[0]?.request('findAll', [Person, { email: round }])).toHaveLength(1)
    }
  })

  test('MOD-115: statistics show administrators the documents that share a key', async () => {
    const data = await mkdtemp(join(tmpdir(), 'atrium-unique-'))
    onTestEnd(async () => await rm(data, { recursive: true, force: true }))
    const storage = createSqliteStorage({ directory: join(data, 'workspaces') })
    const old = await testPipeline({ storage, model: withoutKeys })
    for (const id of ['a', 'b']) await old.pipeline.tx(ann, create(id, { email: 'same' }))
    await old.pipeline.close()
    await storage.close()
    const { server, url, token, log } = await testServer({ storage: 'embedded', data, modules })
    await RawClient.open(url, token('ann'))
    await waitUntil(
      () => log.lines.some(({ message }) => message.includes('share a unique key')),
      'the check',
    )
    const admin = token('root', 'w1', { admin: 'true' })
    const statistics = await fetch(`${server.url}/api/v1/statistics?token=${admin}`)
    const { workspaces } = (await statistics.json()) as { workspaces: object[] }
    const duplicates = [{ _class: Person, fields: ['email'], keys: 1, documents: [['a', 'b']] }]
    expect(workspaces).toMatchObject([{ id: 'w1', duplicates }])
  })
})

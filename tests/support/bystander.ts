import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { statusCatalogue } from '../../protocol/status-catalogue.ts'
import type { StatusCode } from '../../model/status.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import { type Frame, RawClient } from './raw-client.ts'
import { testServer, type TestServer } from './test-server.ts'
import { createTask } from './transactions.ts'

/** A server with somebody at work on it, while somebody else sends what he shouldn't. */
export interface Disturbance extends TestServer {
  /** Whose input is bad. */
  client: RawClient
  /** Works, and sees pushes; has his connection and no frame he did not ask for. */
  assertUnnoticed: () => Promise<void>
}

export async function disturbed(context: TestContext, flags: Flags = {}): Promise<Disturbance> {
  const server = await testServer(context, flags)
  const client = await RawClient.open(server.url, server.token('eve'))
  const bystander = await RawClient.open(server.url, server.token('bob'))
  let works = 0
  const assertUnnoticed = async (): Promise<void> => {
    works += 1
    const id = `work${works}`
    assert.deepEqual(
      await bystander.request('tx', [createTask(id, { title: id }, { by: 'account:bob' })]),
      {},
    )
    assert.equal((await bystander.waitForPush(({ objectId }) => objectId === id))['objectId'], id)
    const found = await bystander.request('findAll', ['board:class:Task', { _id: id }])
    assert.equal((found as unknown[]).length, 1)
    assert.equal(bystander.closed, undefined)
    assert.deepEqual(
      bystander.frames.filter(({ error }) => error !== undefined),
      [],
    )
  }
  await assertUnnoticed()
  return { ...server, client, assertUnnoticed }
}

/** The answer is an error of the catalogue with its params, and tells nothing of the server's inside. */
export function assertCoded(frame: Frame, ...codes: StatusCode[]): void {
  const { error } = frame
  assert.ok(error !== undefined, `an error was expected, not ${JSON.stringify(frame).slice(0, 500)}`)
  assert.equal(error.severity, 'ERROR')
  assert.ok(
    codes.includes(error.code as StatusCode),
    `${error.code} ${JSON.stringify(error.params)} is none of ${codes.join(', ')}`,
  )
  const { params } = statusCatalogue[error.code as StatusCode]
  for (const name of Object.keys(error.params)) assert.ok(params.includes(name), `${error.code} has ${name}`)
  assertTellsNothing(JSON.stringify(frame))
}

/** Neither a stack nor a path of a file. */
export function assertTellsNothing(answer: string): void {
  assert.doesNotMatch(answer, /\bat \S+ \(|node_modules|node:internal|\.[jt]s:\d|\/tmp\/|\/home\/|\/work\//)
}

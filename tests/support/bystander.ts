import { expect } from '@jest/globals'
import { statusCatalogue } from '../../protocol/status-catalogue.ts'
import type { StatusCode } from '../../model/status.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import { type Frame, RawClient } from './raw-client.ts'
import { testServer, type TestServer } from './test-server.ts'
import { createTask } from './transactions.ts'
import { expectFor, expectThat } from './expecting.ts'

/** A server with an active member, while another client sends invalid input. */
export interface Disturbance extends TestServer {
  /** The client with the invalid input. */
  client: RawClient
  /** Works, and sees pushes; keeps its connection, and receives no unexpected frame. */
  assertUnnoticed: () => Promise<void>
}

export async function disturbed(flags: Flags = {}): Promise<Disturbance> {
  const server = await testServer(flags)
  const client = await RawClient.open(server.url, server.token('eve'))
  const bystander = await RawClient.open(server.url, server.token('bob'))
  let works = 0
  const assertUnnoticed = async (): Promise<void> => {
    works += 1
    const id = `work${works}`
    expect(
      await bystander.request('tx', [createTask(id, { title: id }, { by: 'account:bob' })]),
    ).toStrictEqual({})
    expect((await bystander.waitForPush(({ objectId }) => objectId === id))['objectId']).toBe(id)
    const found = await bystander.request('findAll', ['board:class:Task', { _id: id }])
    expect(found as unknown[]).toHaveLength(1)
    expect(bystander.closed).toBeUndefined()
    expect(bystander.frames.filter(({ error }) => error !== undefined)).toStrictEqual([])
  }
  await assertUnnoticed()
  return { ...server, client, assertUnnoticed }
}

/** The response is an error of the catalogue with its params, and reveals nothing of the server’s internals. */
export function assertCoded(frame: Frame, ...codes: StatusCode[]): void {
  const { error } = frame
  expectThat(error !== undefined, `an error was expected, not ${JSON.stringify(frame).slice(0, 500)}`)
  expect(error.severity).toBe('ERROR')
  expectFor(`${error.code} ${JSON.stringify(error.params)} is none of ${codes.join(', ')}`, codes).toContain(
    error.code as StatusCode,
  )
  const { params } = statusCatalogue[error.code as StatusCode]
  for (const name of Object.keys(error.params)) expectFor(`${error.code} has ${name}`, params).toContain(name)
  assertTellsNothing(JSON.stringify(frame))
}

/** Neither a stack nor the path of a file. */
export function assertTellsNothing(answer: string): void {
  expect(answer).not.toMatch(/\bat \S+ \(|node_modules|node:internal|\.[jt]s:\d|\/tmp\/|\/home\/|\/work\//)
}

import { describe, expect, test } from '@jest/globals'
import type { Class, Ref, Space } from '../../model/documents.ts'
import type { Client } from '../../client/client.ts'
import { Connection } from '../../client/connection/connection.ts'
import { dialNode } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { createTask } from '../support/transactions.ts'
import { ClientWorld, type Member } from './client-world.ts'
import { pushAll } from '../../model/push-all.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor } from '../support/expecting.ts'

const task = 'board:class:Task' as Ref<Class>
const space = 'p' as Ref<Space>

/** Each way in which called code can fail. */
const failures: Record<string, (name: string) => unknown> = {
  'throws an error': (name) => {
    throw new Error(name)
  },
  'throws a value that is not an error': (name) => {
    // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- applications do
    throw name
  },
  'returns a promise that is rejected': async (name) => await Promise.reject(new Error(name)),
  'rejects later': async (name) => {
    await Promise.resolve()
    await new Promise(setImmediate)
    throw new Error(name)
  },
  'returns a thenable that throws': (name) => ({
    // oxlint-disable-next-line unicorn/no-thenable -- as some libraries make them
    then: () => {
      throw new Error(name)
    },
  }),
}

async function world(): Promise<{ made: ClientWorld; ann: Member; errors: unknown[] }> {
  const made = new ClientWorld(3)
  const ann = made.join('ann', true)
  onTestEnd(async () => await made.end())
  const errors: unknown[] = []
  ann.client.onError((error) => errors.push(error))
  await made.calm()
  return { made, ann, errors }
}

/** Every listener of a client, and an event that calls it. */
function listen(client: Client, fail: (name: string) => unknown): void {
  const failing =
    (name: string) =>
    (..._event: unknown[]): void =>
      fail(name) as undefined
  client.query(task, {}, {}, failing('query'))
  client.query(
    task,
    { title: 'x' },
    { limit: 1 },
    failing('query with onError'),
    failing('onError of a query'),
  )
  client.query('board:class:None' as Ref<Class>, {}, {}, failing('never'), failing('onError'))
  client.onConnectionState(failing('onConnectionState'))
  client.onTransactions(failing('onTransactions'))
  client.onLargeMessage(failing('onLargeMessage'))
}

describe('listeners of the application', () => {
  test.each(Object.entries(failures))(
    'SDK-12: a listener that %s is reported, and has no other effect',
    async (_how, fail) => {
      const { made, ann, errors } = await world()
      const { client } = ann
      listen(client, fail)
      const told: string[] = []
      client.query(task, {}, {}, (tasks) => told.push(tasks.map(({ _id }) => _id).join(' ')))
      await made.calm()
      const id = await made.settled(client.createDoc(board.class.Task, space, { title: 'x' }))
      const description = 'word '.repeat(300_000)
      const update = client.updateDoc({ _id: id, _class: task, space }, { description })
      await made.settled(update)
      const found = client.findAll(task, {}, {}, { onProgress: () => fail('onProgress') as undefined })
      expect((await made.settled(found)).length).toBe(1)
      await made.calm()
      expect(told.slice(0, 2)).toStrictEqual(['', id])
      expect(client.connectionState().connectionCount).toBe(1)
      const texts = errors.map(String)
      for (const name of ['query', 'onError', 'onConnectionState', 'onTransactions', 'onLargeMessage'])
        expectFor(
          `${name} of ${[...new Set(texts)].join(', ')}`,
          texts.some((text) => text.endsWith(name)),
        ).toBe(true)
      expect(made.logged.some((line) => line.startsWith('code of the application failed'))).toBe(true)
    },
  )

  test('SDK-12: an error of a query’s callback is also passed to its own onError', async () => {
    const { made, ann, errors } = await world()
    const own: unknown[] = []
    const thrown = new Error('not rendered')
    const callback = () => {
      throw thrown
    }
    ann.client.query(task, {}, {}, callback, (error) => own.push(error))
    await made.calm()
    expect([own, errors]).toStrictEqual([[thrown], [thrown]])
  })

  test('SDK-12: a failing error listener or logger has no effect, and neither does a listener that ends the client', async () => {
    const made = new ClientWorld(3)
    const failing = () => {
      throw new Error('from the logger')
    }
    const ann = made.join('ann', false, { logger: { debug: failing, warn: failing } })
    onTestEnd(async () => await made.end())
    const { client } = ann
    client.onError(failing)
    client.query(task, {}, {}, failing)
    await made.settled(client.ready())
    const id = await made.settled(client.createDoc(board.class.Task, space, { title: 'x' }))
    expect((await made.settled(client.findOne(task, { _id: id })))?._id).toBe(id)
    const states: string[] = []
    client.onConnectionState(({ phase }) => {
      states.push(phase)
      client.terminate()
    })
    await expect(made.settled(client.findAll(task))).rejects.toThrow(/terminated/)
    expect(states.at(-1)).toBe('terminated')
    expect(client.connectionState().phase).toBe('terminated')
  })

  test('SDK-12: failing listeners of a standalone connection are reported too, and it continues', async () => {
    const { url, token } = await testServer()
    const errors: string[] = []
    const connection = await Connection.open({
      url,
      token: token('ann'),
      dial: dialNode,
      onError: (error) => errors.push(String(error)),
    })
    onTestEnd(() => connection.close())
    const pushed: string[] = []
    connection.onPush(() => {
      throw new Error('onPush')
    })
    connection.onPush((txes) =>
      pushAll(
        pushed,
        txes.map(({ _id }) => _id),
      ),
    )
    connection.onReceived(() => {
      throw new Error('onReceived')
    })
    const tx = createTask('t1', { title: 'x' })
    await connection.tx(tx as never)
    await waitUntil(() => pushed.includes(tx._id), 'the push')
    expectFor(
      errors.join(' '),
      errors.includes('Error: onPush') && errors.includes('Error: onReceived'),
    ).toBe(true)
  })
})

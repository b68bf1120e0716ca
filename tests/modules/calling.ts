import { fileURLToPath } from 'node:url'
import { board } from '../../examples/board/model.ts'
import type { Ref } from '../../model/documents.ts'
import type { MethodCall } from '../../pipeline/modules/method-call.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import { RawClient, type Frame } from '../support/raw-client.ts'
import { TEST_SPACES, testServer, type TestServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

export const SCRIPTED = fileURLToPath(new URL('../support/scripted-module.js', import.meta.url))
const TASK = 'task' as Ref

/** A server with the scripted module, and a task without votes. */
export async function scriptedServer(flags: Flags = {}): Promise<TestServer> {
  const made = await testServer({ modules: `board,${TEST_SPACES},${SCRIPTED}`, ...flags })
  const ann = await RawClient.open(made.url, made.token('ann'))
  await ann.request('tx', [createTask(TASK, { title: 'x', votes: 0 })])
  await ann.close()
  return made
}

/** Adds a vote to the task without a condition. */
export async function vote({ commit, factory, findAll }: MethodCall): Promise<void> {
  const [task] = await findAll(board.class.Task, { _id: TASK })
  if (task !== undefined) await commit([factory.update(task, { $inc: { votes: 1 } })])
}

export async function votesOf(client: RawClient): Promise<number> {
  const [task] = (await client.request('findAll', ['board:class:Task', { _id: TASK }])) as { votes: number }[]
  return task?.votes ?? NaN
}

/** A session of protocol 2, with the `instance` that hello names. */
export async function session2(
  { url, token }: Pick<TestServer, 'url' | 'token'>,
  email = 'ann',
  hello: object = {},
): Promise<{ client: RawClient; instance: string }> {
  const client = await RawClient.open(url, token(email), { protocol: 2, ...hello })
  const { instance } = client.frames.find(({ result }) => result === 'hello') ?? {}
  return { client, instance: String(instance) }
}

/** Sends a call and waits for its response. */
export async function respond(
  client: RawClient,
  frame: { id: number } & Record<string, unknown>,
): Promise<Frame> {
  client.send({ method: 'scripted.run', params: [], ...frame })
  return await client.wait(({ id }) => id === frame.id)
}

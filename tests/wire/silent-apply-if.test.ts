import { describe, expect, test } from '@jest/globals'
import { createNodeClient } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import { create, type Encoding, peopledWorld, type World } from '../authority/members.ts'
import { RawClient } from '../support/raw-client.ts'
import { applyIf, createTask, updateTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const Task = 'board:class:Task'
const inModel = { space: 'core:space:Model' }

interface Listeners extends World {
  /** Bob's of protocol 1. */
  old: RawClient
  /** Bob's of protocol 2. */
  numbered: RawClient
  connect: (hello: object) => Promise<RawClient>
}

async function listeners(encoding: Encoding): Promise<Listeners> {
  const world = await peopledWorld(encoding)
  const { url, token } = world.server
  const connect = async (hello: object) =>
    await RawClient.open(url, token('bob'), { binary: encoding === 'packed', ...hello })
  return { ...world, connect, old: await connect({}), numbered: await connect({ protocol: 2 }) }
}

/** Ids of documents in the pushes so far, without those of entering clients. */
async function told(client: RawClient): Promise<string[]> {
  await client.request('ping')
  return client.pushes
    .filter(({ objectClass }) => objectClass !== 'core:class:UserStatus')
    .map(({ objectId, event }) => (typeof objectId === 'string' ? objectId : `event ${String(event)}`))
}

const silent = (...txes: object[]) => applyIf({ notify: false, txes })
const visible = { space: 'pub' }

for (const encoding of ['json', 'packed'] as const) {
  test(`WIRE-240: a silent apply-if is pushed to clients of protocol 2 only, to those who may see its changes, ${encoding}`, async () => {
    const { ann, max, old, numbered } = await listeners(encoding)
    const hidden = { space: 'own' }
    await ann.does(
      silent(updateTask('shown', { priority: 'high' }, visible), createTask('h', { title: 'x' }, hidden)),
    )
    await ann.does(silent(createTask('h2', { title: 'x' }, hidden)))
    const attributes = { kind: 0, label: 'x', extends: 'core:class:Doc', domain: 'memo' }
    await max.does(silent(create('app:class:Memo', 'core:class:Class', attributes, inModel)))
    await ann.does(
      applyIf({ notify: false, extraNotify: [Task], txes: [createTask('e', { title: 'x' }, visible)] }),
    )
    await ann.does(createTask('loud', { title: 'x' }, visible))
    expect(await told(old)).toStrictEqual(['event 5', 'loud'])
    expect(await told(numbered)).toStrictEqual(['shown', 'app:class:Memo', 'e', 'event 5', 'loud'])
  })

  test(`WIRE-240: each push names the position before it, and a resume includes silent changes, ${encoding}`, async () => {
    const { ann, numbered, connect } = await listeners(encoding)
    await ann.does(silent(updateTask('shown', { priority: 'high' }, visible)))
    await ann.does(createTask('loud', { title: 'x' }, visible))
    await told(numbered)
    const [first, second] = numbered.frames.filter(({ id, seq }) => id === undefined && seq !== undefined)
    const hello = numbered.frames.find(({ result }) => result === 'hello')
    expect(first?.['after']).toBe(hello?.['seq'])
    expect(second?.['after']).toBe(first?.['seq'])
    const resume = { epoch: hello?.['epoch'], seq: hello?.['seq'] }
    const back = await connect({ protocol: 2, resume })
    expect(await told(back)).toStrictEqual(['shown', 'loud'])
  })
}

describe('silent apply-if', () => {
  test('WIRE-240: a silent apply-if of a transient document is pushed too, and is not committed to the log', async () => {
    const { ann, old, numbered, server } = await listeners('json')
    const commits = async () => {
      const text = await (await fetch(`${server.server.url}/metrics`)).text()
      return Number(/^atrium_commits_total (\d+)$/m.exec(text)?.[1])
    }
    const before = await commits()
    const status = { online: true, user: 'account:ann' }
    const options = { space: 'core:space:Space' }
    await ann.does(silent(create('status:x', 'core:class:UserStatus', status, options)))
    await ann.does(silent(createTask('s', { title: 'x' }, visible)))
    await told(old)
    // Only the task is in the log.
    expect(await commits()).toBe(before + 1)
    expect(old.pushes.some(({ objectId }) => objectId === 'status:x')).toBe(false)
    await numbered.waitForPush(({ objectId }) => objectId === 'status:x')
    await numbered.waitForPush(({ objectId }) => objectId === 's')
  })

  test('WIRE-240: a live query of the SDK shows the changes of a silent apply-if, before and after a reconnect', async () => {
    const { ann, server } = await listeners('json')
    const { url, token } = server
    const client = createNodeClient({ url, getToken: () => token('bob') })
    onTestEnd(() => client.terminate())
    let shown: string[] | undefined
    client.query(board.class.Task, { status: 'done' } as never, {}, (found) => {
      shown = found.map(({ _id }) => _id).sort()
    })
    await waitUntil(() => shown !== undefined, 'the first result')
    await ann.does(silent(updateTask('shown', { status: 'done' }, visible)))
    await waitUntil(() => shown?.join() === 'shown', 'what was silent')
    client.stop()
    await ann.does(silent(createTask('s', { title: 'x', status: 'done' }, visible)))
    client.restart()
    await waitUntil(() => shown?.join() === 's,shown', 'what was silent meanwhile')
  })
})

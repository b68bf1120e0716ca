import { describe, expect, test } from '@jest/globals'
import type { Class, Ref, Space } from '../../model/documents.ts'
import { board } from '../../examples/board/model.ts'
import { memoryDial } from '../support/memory-network.ts'
import { tamperingDial } from '../support/tampering-dial.ts'
import { createTask } from '../support/transactions.ts'
import { ClientWorld, type Member } from './client-world.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const task = 'board:class:Task' as Ref<Class>
const space = 'p' as Ref<Space>

/** A client whose frames are changed in transit, and another one that makes changes. */
async function world(
  tamper: (frame: Record<string, unknown>, made: ClientWorld) => unknown[],
): Promise<{ made: ClientWorld; ann: Member; bob: Member }> {
  const made = new ClientWorld(21)
  onTestEnd(async () => await made.end())
  const bob = made.join('bob')
  const line = { delay: () => 1, fault: () => 'none' as const, isDown: () => made.isDown }
  const dial = tamperingDial(
    memoryDial(() => made.core, made.time, line),
    (frame) => tamper(frame, made),
  )
  const ann = made.join('ann', false, { dial })
  for (let step = 0; step < 20; step++) await made.pass(2)
  return { made, ann, bob }
}

const isModel = ({ result }: Record<string, unknown>) =>
  typeof (result as { full?: unknown } | null | undefined)?.full === 'boolean'
const isOfLog = ({ id, seq, result }: Record<string, unknown>) =>
  id === undefined && typeof seq === 'number' && result !== 'ping'

describe('tampered messages', () => {
  test.each(['InternalServerError', 'Unavailable', 'LimitReached'])(
    'SDK-26: a model that failed to load because of %s is requested again, with growing waits, until it is loaded',
    async (code) => {
      const at: number[] = []
      const { made, ann } = await world((frame, { time }) => {
        if (!isModel(frame) || at.length >= 6) return [frame]
        at.push(time.monotonic())
        return [
          { id: frame['id'], error: { severity: 'ERROR', code: `platform:status:${code}`, params: {} } },
        ]
      })
      expect(ann.client.connectionState().phase).toBe('ready')
      await made.settled(ann.client.ready())
      const waits = at.slice(1).map((time, before) => Math.round((time - (at[before] ?? 0)) / 100) * 100)
      expect(waits.slice(-4)).toStrictEqual([1000, 2000, 4000, 8000])
      expect(ann.client.hierarchy.findClass(task)).toBeDefined()
      expect(ann.client.connectionState().connectionCount).toBe(1)
    },
  )

  test('SDK-26: an inconsistent model is requested again as a whole', async () => {
    let damaged = 0
    const { made, ann } = await world((frame) => {
      const result = frame['result'] as { transactions: object[]; full: boolean } | undefined
      if (!isModel(frame) || result === undefined || damaged > 0) return [frame]
      damaged += 1
      return [{ ...frame, result: { ...result, full: false, transactions: result.transactions.slice(3) } }]
    })
    await made.settled(ann.client.ready())
    expect(damaged).toBe(1)
    expect(ann.client.hierarchy.findClass(task)).toBeDefined()
    expect(ann.client.hierarchy.findClass('core:class:Doc')).toBeDefined()
  })

  test('SDK-39: a push that does not follow the client’s position is not applied, and the client catches up from the log', async () => {
    let place = 0
    let drop = 0
    const { made, ann, bob } = await world((frame) => {
      if (frame['result'] === 'hello') place = Number(frame['seq'])
      if (!isOfLog(frame)) return [frame]
      // A catch-up follows the requested position.
      const sent = frame['seqs'] === undefined ? { ...frame, after: place } : frame
      place = Number(frame['seq'])
      return drop > 0 && drop-- > 0 ? [] : [sent]
    })
    const shown: string[][] = []
    ann.client.query(task, {}, {}, (found) => shown.push(found.map(({ _id }) => _id)))
    await made.calm()
    bob.send(createTask('t1', { title: 'x' }, { by: 'account:bob' }))
    await made.calm()
    expect(ann.client.connectionState().connectionCount).toBe(1)
    drop = 1
    for (const id of ['t2', 't3', 't4']) {
      bob.send(createTask(id, { title: 'x' }, { by: 'account:bob' }))
      await made.pass(20)
    }
    await made.calm()
    expect(shown.at(-1)).toStrictEqual(['t1', 't2', 't3', 't4'])
    expect(ann.client.connectionState().connectionCount).toBe(2)
    expect(ann.client.connectionState().lastClose?.reason ?? '').toMatch(/something is missing/)
    expect(new Set(ann.pushed).size).toBe(ann.pushed.length)
  })

  test('SDK-39: a client reloads when the log does not close the gap either', async () => {
    const { made, ann, bob } = await world((frame) =>
      // A server whose pushes name a wrong previous position.
      isOfLog(frame) ? [{ ...frame, after: Number(frame['seq']) + 5 }] : [frame],
    )
    const shown: string[][] = []
    ann.client.query(task, {}, {}, (found) => shown.push(found.map(({ _id }) => _id)))
    await made.calm()
    for (const id of ['t1', 't2', 't3', 't4']) {
      bob.send(createTask(id, { title: 'x' }, { by: 'account:bob' }))
      await made.pass(4000)
    }
    await made.pass(20_000)
    expect(shown.at(-1)).toStrictEqual(['t1', 't2', 't3', 't4'])
  })

  test.each([
    'not json',
    '5',
    'null',
    '{"id":{}}',
    '[]',
    '{"result":{"dataType":"TotalArray"},"id":1,"chunk":{"index":0}}',
  ])('SDK-40: an invalid frame (%s) ends at most its connection', async (garbage) => {
    let left = 3
    const { made, ann, bob } = await world((frame) =>
      frame['id'] === undefined && left-- > 0 ? [garbage, frame] : [frame],
    )
    const shown: string[][] = []
    ann.client.query(task, {}, {}, (found) => shown.push(found.map(({ _id }) => _id)))
    await made.calm()
    for (const id of ['t1', 't2', 't3', 't4']) bob.send(createTask(id, { title: 'x' }, { by: 'account:bob' }))
    const id = await made.settled(ann.client.createDoc(board.class.Task, space, { title: 'mine' }))
    await made.calm()
    expect(new Set(shown.at(-1))).toStrictEqual(new Set(['t1', 't2', 't3', 't4', id]))
  })
})

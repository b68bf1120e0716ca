import { describe, expect, test } from '@jest/globals'
import type { Storage } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { gate } from '../support/gate.ts'
import { interceptedStorage } from '../support/intercepted-storage.ts'
import { MemoryCore } from '../support/memory-core.ts'
import { comment, createTask } from '../support/transactions.ts'

const hello = { method: 'hello', params: [], id: -1 }

describe('faults of sessions', () => {
  test('SRV-41: a workspace that somebody waits for is not closed, however long it was idle', async () => {
    const held = heldStorage()
    const core = new MemoryCore({ idleTimeout: '1', openTimeout: '3600' }, { storage: held.storage })
    const client = core.connect({ email: 'ann', workspace: 'w1' })
    client.send(hello)
    await core.settle()
    await core.time.advance(600_000)
    expect(core.core.registry.find('w1')?.state).toBe('opening')
    held.release()
    await core.settle()
    expect(client.frames[0]?.result).toBe('hello')
    await core.stop()
  })

  test('SRV-42: a push is encoded and framed once, and the same bytes go to every session', async () => {
    const core = new MemoryCore()
    const clients = Array.from({ length: 50 }, (_, at) => core.connect({ email: `p${at}`, workspace: 'w1' }))
    await core.settle()
    clients[0]?.request('tx', [createTask('t1', { title: 'x' }, { by: 'account:p0' })])
    await core.settle()
    const frames = clients.map(
      ({ frames: all, written }) =>
        written[all.findIndex(({ result }) => (result as { objectId?: string } | null)?.objectId === 't1')],
    )
    expect(frames).toHaveLength(50)
    expect(frames[0]).toBeDefined()
    expect(frames.every((frame) => frame === frames[0])).toBe(true)
    await core.stop()
  })

  test('SRV-43: transactions and the ones derived from them go to the sessions of their workspace only', async () => {
    const core = new MemoryCore()
    const [ann, bob, other] = [
      ['ann', 'w1'],
      ['bob', 'w1'],
      ['ann', 'w2'],
    ].map(([email = '', workspace = '']) => core.connect({ email, workspace }))
    await core.settle()
    ann?.request('tx', [createTask('t1', { title: 'x' })])
    ann?.request('tx', [comment('t1', 'c1')])
    await core.settle()
    const seen = (client: typeof ann) => JSON.stringify(client?.frames).includes('$inc')
    expect([seen(ann), seen(bob), seen(other)]).toStrictEqual([true, true, false])
    expect(JSON.stringify(other?.frames).includes('t1')).toBe(false)
    await core.stop()
  })

  test('SRV-44: idle workspaces and sessions share one timer, and passing time touches only due tasks', async () => {
    const core = new MemoryCore({ idleTimeout: '86400', reconnectWindow: '0' })
    const workspaces = Array.from({ length: 300 }, (_, at) => `w${at}`)
    const clients = workspaces.map((workspace) => core.connect({ email: 'ann', workspace }))
    await core.settle()
    for (const client of clients) client.drop()
    await core.settle()
    await core.time.advance(1000)
    expect(core.core.inspect().workspaces).toBe(300)
    expect(core.time.waiting).toBe(1)
    const before = core.time.calls
    await core.time.advance(3_600_000)
    // A wait of a day is in a slot of a minute, and the watch over requests runs every five seconds.
    expect(core.time.calls - before).toBeLessThanOrEqual(3600 / 5 + 5)
    await core.stop()
  })

  test('SRV-45: a workspace that does not close in time is reported and dropped, and the next session opens it afresh', async () => {
    const memory = createMemoryStorage()
    let hanging = true
    const storage = interceptedStorage(memory, (workspace) => {
      const close = workspace.close.bind(workspace)
      return Object.assign(workspace, {
        close: async () => {
          await close()
          if (hanging) await new Promise<never>(() => undefined)
        },
      })
    })
    const core = new MemoryCore({ openTimeout: '10', upgradeNotice: '0' }, { storage })
    core.connect({ email: 'ann', workspace: 'w1' })
    await core.settle()
    const closing = core.core.registry.forceClose('w1')
    await core.settle()
    await core.time.advance(1000)
    await core.settle()
    expect(core.core.registry.find('w1')?.state).toBe('draining')
    await core.time.advance(10_000)
    expect(await closing).toBe(true)
    expect(core.log.lines.some(({ message }) => message === 'a workspace did not close')).toBe(true)
    hanging = false
    const again = core.connect({ email: 'ann', workspace: 'w1' })
    again.send(hello)
    await core.settle()
    expect(again.frames[0]?.result).toBe('hello')
    await core.stop()
  })

  test('SRV-46: a workspace that does not open in time is an error for all who wait for it, and is dropped', async () => {
    const held = heldStorage()
    const core = new MemoryCore({ openTimeout: '10' }, { storage: held.storage })
    const client = core.connect({ email: 'ann', workspace: 'w1' })
    await core.settle()
    await core.time.advance(11_000)
    await core.settle()
    expect(client.frames[0]?.error?.code).toBe('platform:status:InternalServerError')
    expect(client.closed).toBeDefined()
    expect(core.core.inspect().workspaces).toBe(0)
    held.release()
    await core.settle()
    const again = core.connect({ email: 'ann', workspace: 'w1' })
    again.send(hello)
    await core.settle()
    expect(again.frames[0]?.result).toBe('hello')
    await core.stop()
  })

  /** Storage whose workspaces open when the test says so. */
  function heldStorage(): { storage: Storage; release: () => void } {
    const memory = createMemoryStorage()
    const opening = gate()
    const storage: Storage = {
      name: 'held',
      close: () => memory.close(),
      openWorkspace: async (id, schema) => {
        await opening.pass()
        return await memory.openWorkspace(id, schema)
      },
    }
    return { storage, release: opening.open }
  }
})

import { describe, expect, test } from '@jest/globals'
import { StatusError } from '../../model/status.ts'
import { closeCodes } from '../../protocol/close-codes.ts'
import { ClientError } from '../../client/runtime/errors.ts'
import { ConnectionFixture } from '../support/connection-fixture.ts'
import { MemoryCore } from '../support/memory-core.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { satisfying } from '../support/expecting.ts'

const isTask = ({ tx }: { tx: object }) => 'objectClass' in tx && tx.objectClass === 'board:class:Task'

describe('reconnecting connection', () => {
  test('SDK-1: a connection that was cut is established again, and its states are reported', async () => {
    const fixture = new ConnectionFixture()
    const { connection } = fixture
    connection.start()
    await fixture.until('ready')
    expect(connection.state.connectionCount).toBe(1)
    expect(fixture.reloads).toBe(1)
    connection.reconnect('test')
    expect(connection.state.phase).toBe('disconnected')
    expect(connection.state.lastClose?.reason).toBe('test')
    expect(connection.state.retryAt ?? 0).toBeGreaterThan(fixture.time.now())
    await fixture.until('ready')
    expect(connection.state.connectionCount).toBe(2)
    expect(connection.hello?.reconnect).toBe(true)
    expect(fixture.states).toStrictEqual(['connecting', 'ready', 'disconnected', 'connecting', 'ready'])
  })

  test('SDK-2: waits double between attempts, and start over once a waiting request is answered', async () => {
    const fixture = new ConnectionFixture()
    const { connection, line } = fixture
    line.isDown = () => true
    connection.start()
    const waits: number[] = []
    for (let attempt = 0; attempt < 9; attempt++) {
      const began = fixture.time.now()
      await fixture.until('disconnected')
      waits.push((connection.state.retryAt ?? 0) - began)
      await fixture.until('connecting')
    }
    // Three quarters of 250 ms, doubled up to 4 s, between attempts.
    expect(waits).toStrictEqual([188, 375, 750, 1500, 3000, 3000, 3000, 3000, 3000])
    line.isDown = () => false
    const answer = connection.request('findAll', ['board:class:Task', {}])
    await fixture.until('ready')
    expect(connection.state.retries).toBeGreaterThan(8)
    await fixture.settled(answer)
    expect(connection.state.retries).toBe(0)
  })

  test('SDK-3: a request without a response is sent again, and a transaction takes effect once and returns its first result', async () => {
    const fixture = new ConnectionFixture()
    const { connection, line } = fixture
    connection.start()
    await fixture.until('ready')
    await fixture.settled(connection.request('tx', [createTask('t1', { title: 'x', votes: 0 })]))
    // The transaction arrives, and its response does not.
    let messages = 0
    line.fault = () => (++messages === 2 ? 'lost' : 'none')
    const update = { ...updateTask('t1', { $inc: { votes: 1 } }), retrieve: true }
    const { result } = await fixture.settled(connection.request('tx', [update]))
    expect(connection.state.connectionCount).toBe(2)
    expect((result as { object: { votes: number } }).object.votes).toBe(1)
    const found = await fixture.settled(connection.request('findAll', ['board:class:Task', {}]))
    expect((found.result as { votes: number }[]).map(({ votes }) => votes)).toStrictEqual([1])
  })

  test('SDK-4: requests wait while the client is paused or stopped; when it is terminated they are rejected, and no timer is left', async () => {
    const fixture = new ConnectionFixture()
    const { connection, time } = fixture
    connection.start()
    await fixture.until('ready')
    connection.pause()
    const first = connection.request('ping', [])
    await time.advance(500)
    expect(connection.state.unanswered).toBe(1)
    connection.resume()
    expect((await fixture.settled(first)).result).toBe('pong!')
    connection.stop()
    const second = connection.request('ping', [])
    await time.advance(100_000)
    expect([connection.state.phase, connection.state.unanswered]).toStrictEqual(['stopped', 1])
    connection.restart()
    expect((await fixture.settled(second)).result).toBe('pong!')
    connection.pause()
    const third = connection.request('ping', [], { timeout: 1000 })
    const before = time.waiting
    connection.terminate()
    await expect(third).rejects.toThrow(satisfying((error: ClientError) => error.code === 'terminated'))
    await expect(connection.request('ping', [])).rejects.toThrow(
      satisfying((error: ClientError) => error.code === 'terminated'),
    )
    expect(time.waiting).toBeLessThan(before)
    await fixture.core.stop()
    await time.advance(1000)
    expect(time.waiting).toBe(0)
    expect(connection.state.phase).toBe('terminated')
  })

  /** Limits a connection to a number of bytes per second, one message after another. */
  function throttle({ line, time }: ConnectionFixture, bytesPerSecond: number): void {
    let free = 0
    line.delay = (bytes) => {
      // A new connection has no queued bytes.
      if (bytes === 0) free = 0
      free = Math.max(free, time.monotonic()) + (bytes / bytesPerSecond) * 1000
      return Math.ceil(free - time.monotonic())
    }
  }

  test('SDK-5: a server that sends nothing any more is left, and a long response on a slow line is waited for', async () => {
    const fixture = new ConnectionFixture({
      flags: { pingInterval: '10', chunkCount: '10' },
      dialTimeout: 60_000,
    })
    const { connection, time } = fixture
    const other = new MemoryClientOf(fixture)
    for (let at = 0; at < 40; at++) await other.commit(`t${at}`)
    connection.start()
    await fixture.until('ready')
    await time.advance(300_000)
    expect(connection.state.connectionCount).toBe(1)
    // Four chunks of 2.4 KB each.
    throttle(fixture, 60)
    const answer = connection.request('findAll', ['board:class:Task', {}])
    await time.advance(150_000)
    expect([connection.state.connectionCount, connection.state.unanswered]).toStrictEqual([1, 1])
    expect(Array.isArray((await fixture.settled(answer, 600_000, 100)).result)).toBe(true)
    expect(connection.state.connectionCount).toBe(1)
    // A chunk that takes longer gets that time on the next connection.
    throttle(fixture, 37)
    const slower = connection.request('findAll', ['board:class:Task', {}])
    expect(Array.isArray((await fixture.settled(slower, 1_200_000, 100)).result)).toBe(true)
    expect(connection.state.connectionCount).toBe(2)
  })

  test('SDK-6: a token is renewed before it expires without closing the connection', async () => {
    const fixture = new ConnectionFixture()
    fixture.tokenLife = 600
    fixture.connection.start()
    await fixture.until('ready')
    for (let minute = 0; minute < 60; minute++) {
      await fixture.time.advance(60_000)
      await fixture.core.settle()
    }
    expect(fixture.connection.state.connectionCount).toBe(1)
    expect(fixture.connection.state.phase).toBe('ready')
    expect(fixture.asked.filter(({ isFresh }) => isFresh).length).toBeGreaterThanOrEqual(6)
  })

  test('SDK-6: a refused token is requested again, as a fresh one', async () => {
    let given = 0
    const fixture: ConnectionFixture = new ConnectionFixture({
      getToken: ({ isFresh }) => {
        given += 1
        return isFresh ? fixture.token('ann') : 'not a token'
      },
    })
    fixture.connection.start()
    await fixture.until('ready')
    expect(given).toBe(2)
    expect(fixture.connection.state.lastClose?.code).toBe(4100)
  })

  test('SDK-7: missed changes arrive once and in order; where that is impossible, the client reloads', async () => {
    const fixture = new ConnectionFixture({ flags: { maxResume: '20' } })
    const { connection, time } = fixture
    const other = new MemoryClientOf(fixture)
    connection.start()
    await fixture.until('ready')
    await other.commit('t1')
    await time.advance(10)
    connection.reconnect('test')
    await other.commit('t2')
    await other.commit('t3')
    await fixture.until('ready')
    await other.commit('t4')
    await time.advance(10)
    await fixture.core.settle()
    const seen = () =>
      fixture.pushes.filter(isTask).map(({ tx }) => (tx as unknown as { objectId: string }).objectId)
    expect(seen()).toStrictEqual(['t1', 't2', 't3', 't4'])
    expect(fixture.reloads).toBe(1)
    connection.stop()
    for (let at = 0; at < 25; at++) await other.commit(`more${at}`)
    connection.restart()
    await fixture.until('ready')
    await time.advance(10)
    expect(fixture.reloads).toBe(2)
    expect(seen()).toHaveLength(4)
  })

  class MemoryClientOf {
    readonly #client
    readonly #fixture: ConnectionFixture

    constructor(fixture: ConnectionFixture) {
      this.#fixture = fixture
      this.#client = fixture.core.connect({ email: 'ann', workspace: 'w1' })
    }

    async commit(id: string): Promise<void> {
      const request = this.#client.request('tx', [createTask(id, { title: 'x' })])
      await this.#fixture.core.settle()
      expect(this.#client.answer(request)?.error).toBeUndefined()
    }
  }

  test('SDK-8: a server that refuses a reconnect is not dialled again, and its reason is reported', async () => {
    const fixture = new ConnectionFixture()
    const { connection } = fixture
    connection.start()
    await fixture.until('ready')
    connection.pause()
    const waiting = connection.request('ping', [])
    const refused = expect(waiting).rejects.toThrow(
      satisfying((error: ClientError) => error.code === 'refused'),
    )
    for (const session of fixture.core.core.sessions.all) session.close(closeCodes.closedByAdmin)
    await fixture.until('stopped')
    await refused
    expect(connection.state.lastClose?.code).toBe(4203)
    await fixture.time.advance(100_000)
    expect(connection.state.phase).toBe('stopped')
  })

  test('SDK-8: a client that a listener restarts after a refusal sends the requests that follow', async () => {
    const fixture = new ConnectionFixture()
    const { connection } = fixture
    connection.start()
    await fixture.until('ready')
    connection.pause()
    const waiting = connection.request('ping', []).catch((error: unknown) => error)
    fixture.stateListener = ({ phase, unanswered }) => {
      if (phase !== 'stopped' || unanswered > 0) return
      connection.resume()
      connection.restart()
    }
    for (const session of fixture.core.core.sessions.all) session.close(closeCodes.closedByAdmin)
    expect(await fixture.settled(waiting)).toMatchObject({ code: 'refused' })
    await fixture.until('ready')
    expect(fixture.refusals).toStrictEqual([])
    const { result } = await fixture.settled(connection.request('ping', []))
    expect(result).toBe('pong!')
  })

  test('SDK-9: without a network nobody dials, with it again at once', async () => {
    const fixture = new ConnectionFixture()
    const { connection, line, time } = fixture
    connection.start()
    await fixture.until('ready')
    fixture.network('offline')
    line.isDown = () => true
    connection.reconnect('offline')
    await time.advance(300_000)
    expect(connection.state.phase).toBe('offline')
    expect(connection.state.connectionCount).toBe(1)
    line.isDown = () => false
    fixture.network('online')
    expect(connection.state.phase).toBe('connecting')
    await fixture.until('ready', 100)
    // A page that becomes visible detects within seconds that its connection is gone.
    line.delay = () => 10_000_000
    fixture.network('visible')
    await time.advance(6000)
    expect(connection.state.phase).not.toBe('ready')
  })

  test('SDK-10: requests end after their timeout or by a signal, are refused when too many wait, and fail with the server’s errors', async () => {
    const fixture = new ConnectionFixture({ maxOutstanding: 3 })
    const { connection, time } = fixture
    const timed = connection.request('ping', [], { timeout: 500 })
    const controller = new AbortController()
    const aborted = connection.request('ping', [], { signal: controller.signal })
    const third = connection.request('ping', [])
    await expect(connection.request('ping', [])).rejects.toThrow(
      satisfying((error: ClientError) => error.code === 'overloaded'),
    )
    const isTimeout = expect(timed).rejects.toThrow(
      satisfying((error: ClientError) => error.code === 'timeout'),
    )
    await time.advance(600)
    await isTimeout
    const isAborted = expect(aborted).rejects.toThrow(/enough/)
    controller.abort(new Error('enough'))
    await isAborted
    await expect(connection.request('ping', [], { signal: controller.signal })).rejects.toThrow(/enough/)
    connection.start()
    expect((await fixture.settled(third)).result).toBe('pong!')
    await expect(fixture.settled(connection.request('findAll', ['no:class:Such', {}]))).rejects.toThrow(
      satisfying((error: StatusError) => error.status.code === 'core:status:UnknownClass'),
    )
  })

  test('SDK-11: a restarting server says when to reconnect, and another server continues where it was', async () => {
    const fixture = new ConnectionFixture()
    const { connection } = fixture
    connection.start()
    await fixture.until('ready')
    const stopping = fixture.restartServer()
    await fixture.until('disconnected')
    expect(connection.state.lastClose?.reason ?? '').toMatch(/^retry in \d+ ms$/)
    const told = Number(/\d+/.exec(connection.state.lastClose?.reason ?? '')?.[0])
    expect(Math.abs((connection.state.retryAt ?? 0) - fixture.time.now() - told)).toBeLessThanOrEqual(2)
    await stopping
    await fixture.until('ready')
    expect(fixture.reloads).toBe(1)
    expect(fixture.core).toBeInstanceOf(MemoryCore)
  })
})

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MemoryClient, MemoryCore } from '../support/memory-core.ts'
import { createTask } from '../support/transactions.ts'
import { expectFor } from '../support/expecting.ts'
import { propertyParameters } from '../support/property-parameters.ts'

/** A small model of the server: the open sessions of each workspace, and what each may have seen. */
interface Seat {
  client: MemoryClient
  workspace: string
  account: string
  mode: 'user' | 'upgrade' | 'backup'
  open: boolean
  sees: string[]
}

type Step =
  | { do: 'connect'; workspace: string; account: string; mode: Seat['mode'] }
  | { do: 'drop'; seat: number }
  | { do: 'tx'; seat: number }
  | { do: 'force-close'; workspace: string }
  | { do: 'maintenance'; minutes: number }
  | { do: 'wait'; seconds: number }
  | { do: 'race'; workspace: string; first: 'connect' | 'tx' | 'drop'; second: 'upgrade' | 'force-close' }

const workspace = fc.constantFrom('w1', 'w2')
const account = fc.constantFrom('ann', 'bob', 'cid')
const mode = fc.oneof(
  { weight: 6, arbitrary: fc.constant('user' as const) },
  { weight: 1, arbitrary: fc.constantFrom('upgrade' as const, 'backup' as const) },
)
const seat = fc.nat(50)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('connect' as const), workspace, account, mode }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drop' as const), seat }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('tx' as const), seat }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('force-close' as const), workspace }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('maintenance' as const),
      minutes: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 200 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('race' as const),
      workspace,
      first: fc.constantFrom('connect' as const, 'tx' as const, 'drop' as const),
      second: fc.constantFrom('upgrade' as const, 'force-close' as const),
    }),
  },
)

class Run {
  readonly core = new MemoryCore({
    idleTimeout: '60',
    reconnectWindow: '30',
    upgradeNotice: '1000',
    pingInterval: '10',
  })
  readonly seats: Seat[] = []
  #tasks = 0

  async perform(next: Step): Promise<void> {
    switch (next.do) {
      case 'connect':
        return await this.#connect(next)
      case 'drop':
        return await this.#drop(this.#pick(next.seat))
      case 'tx':
        return await this.#commit(this.#pick(next.seat))
      case 'force-close':
        return await this.#forceClose(next.workspace)
      case 'maintenance':
        this.core.core.maintenance.schedule(next.minutes)
        return await this.core.settle()
      case 'wait':
        return await this.#wait(next.seconds * 1000)
      case 'race':
        return await this.#race(next)
      default:
        next satisfies never
    }
  }

  /** The invariants after every step. */
  check(): void {
    for (const { client, open, sees } of this.seats) {
      expectFor(`open: ${open}, closed: ${JSON.stringify(client.closed)}`, client.closed === undefined).toBe(
        open,
      )
      expect(tasksPushedTo(client)).toStrictEqual(sees)
      expect(client.frames.filter(({ result }) => result === 'hello').length <= 1).toBe(true)
    }
    expect(this.core.core.inspect().sessions).toBe(this.seats.filter(({ open }) => open).length)
  }

  /** All sessions end and time advances: nothing is left. */
  async end(): Promise<void> {
    for (const { client } of this.seats) client.drop()
    await this.core.settle()
    for (let minute = 0; minute < 6; minute++) {
      await this.core.time.advance(60_000)
      await this.core.settle()
    }
    const { sessions, workspaces, remembered } = this.core.core.inspect()
    expect({ sessions, workspaces, remembered }).toStrictEqual({ sessions: 0, workspaces: 0, remembered: 0 })
    await this.core.stop()
    expect(this.core.core.inspect().timers).toBe(0)
    expect(this.core.time.waiting).toBe(0)
  }

  async #connect({
    workspace: id,
    account: email,
    mode: as,
  }: Extract<Step, { do: 'connect' }>): Promise<void> {
    const upgrading = this.#isUpgrading(id)
    const client = this.#dial(id, email, as)
    await this.core.settle()
    if (as === 'upgrade' && !upgrading) {
      await this.#wait(1100)
      for (const other of this.#in(id)) if (other.client !== client) other.open = false
    }
    const refused = upgrading && as !== 'upgrade'
    this.seats.push({ client, workspace: id, account: email, mode: as, open: !refused, sees: [] })
    const signals = client.frames.filter(({ id: frame }) => frame === -1).map(({ result }) => result)
    expect(signals).toStrictEqual(refused ? [{ state: 'upgrading' }] : ['hello'])
  }

  async #drop(dropped: Seat | undefined): Promise<void> {
    if (dropped === undefined) return
    dropped.client.drop()
    dropped.open = false
    await this.core.settle()
  }

  async #commit(by: Seat | undefined): Promise<void> {
    if (by === undefined) return
    const { id, task } = this.#send(by)
    await this.core.settle()
    expect(by.client.answer(id)?.result).toStrictEqual({})
    this.#seenBy(by.workspace, task)
  }

  async #forceClose(id: string): Promise<void> {
    const there = this.#in(id)
    const closing = this.core.core.registry.forceClose(id)
    await this.core.settle()
    await this.#wait(1100)
    expect(await closing).toBe(there.length > 0 ? true : await closing)
    for (const each of there) each.open = false
  }

  async #wait(milliseconds: number): Promise<void> {
    await this.core.time.advance(milliseconds)
    await this.core.settle()
  }

  /** Two concurrent operations: their outcome may be either one, but must be consistent. */
  async #race({ workspace: id, first, second }: Extract<Step, { do: 'race' }>): Promise<void> {
    const before = this.#in(id)
    const [someone] = before
    const sent = first === 'tx' && someone !== undefined ? this.#send(someone) : undefined
    if (first === 'drop' && someone !== undefined) someone.client.drop()
    const newcomer = first === 'connect' ? this.#dial(id, 'dan', 'user') : undefined
    const tool = second === 'upgrade' ? this.#dial(id, 'tool', 'upgrade') : undefined
    const closing = second === 'force-close' ? this.core.core.registry.forceClose(id) : undefined
    await this.core.settle()
    await this.#wait(1100)
    await this.#wait(1100)
    await closing
    this.#resync(before, id, newcomer, tool)
    // A push may or may not have arrived before its session was closed; acknowledged changes exist.
    if (sent !== undefined && someone !== undefined && someone.open) this.#seenBy(id, sent.task)
    for (const each of before) each.sees = tasksPushedTo(each.client)
  }

  #resync(
    before: Seat[],
    id: string,
    newcomer: MemoryClient | undefined,
    tool: MemoryClient | undefined,
  ): void {
    for (const each of before) each.open = each.client.closed === undefined
    const seatOf = (client: MemoryClient, as: Seat['mode']): Seat => ({
      client,
      workspace: id,
      account: 'dan',
      mode: as,
      open: client.closed === undefined,
      sees: tasksPushedTo(client),
    })
    if (newcomer !== undefined) this.seats.push(seatOf(newcomer, 'user'))
    if (tool !== undefined) this.seats.push(seatOf(tool, 'upgrade'))
    if (tool === undefined) return
    expect(tool.closed).toBeUndefined()
    expect(this.#in(id).filter(({ mode: as }) => as !== 'upgrade')).toStrictEqual([])
  }

  #dial(id: string, email: string, as: Seat['mode']): MemoryClient {
    const claims = as === 'upgrade' ? { model: as } : as === 'backup' ? { mode: as } : {}
    const client = this.core.connect({ email: as === 'user' ? email : 'tool', workspace: id, ...claims })
    client.send({ method: 'hello', params: [], id: -1 })
    return client
  }

  #send({ client, account: email, mode: as }: Seat): { id: number; task: string } {
    this.#tasks += 1
    const task = `t${this.#tasks}`
    const by = as === 'user' ? `account:${email}` : 'core:account:System'
    return { id: client.request('tx', [createTask(task, { title: 'x' }, { by })]), task }
  }

  #seenBy(id: string, task: string): void {
    if (this.#isUpgrading(id)) return
    for (const each of this.#in(id)) each.sees.push(task)
  }

  #in(id: string): Seat[] {
    return this.seats.filter(({ open, workspace: where }) => open && where === id)
  }

  #isUpgrading(id: string): boolean {
    return this.#in(id).some(({ mode: as }) => as === 'upgrade')
  }

  #pick(at: number): Seat | undefined {
    const open = this.seats.filter((each) => each.open)
    return open[at % Math.max(1, open.length)]
  }
}

function tasksPushedTo({ frames }: MemoryClient): string[] {
  const txes = frames
    .filter(({ id }) => id === undefined)
    .flatMap(({ result }) => result as { objectClass?: string; objectId: string }[])
  return txes.filter((tx) => tx?.objectClass === 'board:class:Task').map(({ objectId }) => objectId)
}

test('SRV-40: whatever connects, drops, commits, upgrades, closes and waits, each session receives what it may, once, in order', async () => {
  const numRuns = Number(process.env['MODEL_RUNS'] ?? 2000)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const run = new Run()
      for (const next of steps) {
        await run.perform(next)
        run.check()
      }
      await run.end()
    }),
    propertyParameters({ numRuns }),
  )
})

import { expect, test } from '@jest/globals'
import { setImmediate as tick } from 'node:timers/promises'
import fc from 'fast-check'
import { applyTransaction, targetOf } from '../../model/apply-transaction.ts'
import type { Doc } from '../../model/documents.ts'
import type { Tx, TxCUD } from '../../model/transactions.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { MemoryClient, MemoryCore } from '../support/memory-core.ts'
import type { Frame } from '../support/raw-client.ts'
import { applyIf, change, createTask, updateTask } from '../support/transactions.ts'
import { propertyParameters } from '../support/property-parameters.ts'

type Step =
  | { do: 'write'; space: 'own' | 'open' }
  | { do: 'member'; isIn: boolean }
  | { do: 'upgrade' | 'upgraded' | 'force-close' | 'drain' }
  | { do: 'drop' | 'slow'; listener: number }
  | { do: 'wait'; milliseconds: number }

const listener = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      space: fc.constantFrom('own' as const, 'open' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('member' as const), isIn: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('upgrade' as const, 'upgraded' as const, 'force-close' as const, 'drain' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('drop' as const, 'slow' as const), listener }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      milliseconds: fc.integer({ min: 1, max: 1200 }),
    }),
  },
)

/** A client of protocol 2 that shows tasks, acknowledges nothing, and resumes from its position. */
class Listener {
  readonly tasks = new Map<string, Doc>()
  readonly #core: MemoryCore
  readonly #email: string
  #client: MemoryClient
  #place: { epoch: string; seq: number } | undefined
  #taken = 0
  #loading: number | undefined
  #loadedSeq = 0
  #last = 100

  constructor(core: MemoryCore, email: string) {
    this.#core = core
    this.#email = email
    this.#client = this.#connect()
  }

  get isOpen(): boolean {
    return this.#client.closed === undefined
  }

  drop(): void {
    this.#client.drop()
  }

  /** The socket accepts no bytes, or accepts them again. */
  stall(): void {
    if (this.#client.buffered === 0) this.#client.buffered = 64 * 1024
    else this.#client.drain()
  }

  come(): void {
    this.take()
    if (!this.isOpen) this.#client = this.#connect()
    this.#client.drain()
  }

  ask(_class: string): number {
    this.#last += 1
    this.#client.send({ id: this.#last, method: 'findAll', params: [_class, {}] })
    return this.#last
  }

  answer(id: number): Frame | undefined {
    return this.#client.answer(id)
  }

  /** Processes the received frames. */
  take(): void {
    const { frames } = this.#client
    for (; this.#taken < frames.length; this.#taken++) this.#takeFrame(frames[this.#taken] as Frame)
  }

  #connect(): MemoryClient {
    this.#taken = 0
    const client = this.#core.connect({ email: this.#email, workspace: 'w1' })
    const resume = this.#place === undefined ? {} : { resume: this.#place }
    client.send({ id: -1, method: 'hello', params: [], protocol: 2, ...resume })
    return client
  }

  #load(): void {
    this.#last += 1
    this.#loading = this.#last
    this.#client.send({ id: this.#loading, method: 'query', params: ['board:class:Task', {}] })
  }

  #takeFrame(frame: Frame): void {
    if (frame.result === 'hello' && frame.error === undefined) this.#takeHello(frame)
    else if (frame.id !== undefined && frame.id === this.#loading) this.#takeTasks(frame)
    else if (frame.id === undefined) this.#takePush(frame)
  }

  #takeHello(frame: Frame): void {
    const { epoch, seq, resumed } = frame as unknown as { epoch: string; seq: number; resumed?: boolean }
    // An unanswered request is sent again.
    if (resumed === true && this.#loading === undefined) return
    if (resumed !== true) this.#place = { epoch, seq }
    this.#load()
  }

  #takeTasks({ error, seq, result }: Frame): void {
    if (error !== undefined) return
    this.tasks.clear()
    for (const doc of (result as { value: Doc[] }).value) this.tasks.set(doc._id, doc)
    this.#loadedSeq = Number(seq)
    this.#loading = undefined
  }

  #takePush(frame: Frame): void {
    const txes = [frame.result].flat() as (Tx & { event?: number })[]
    if (frame['seq'] !== undefined && this.#place !== undefined) {
      // A push follows the last position of the client.
      expect(frame['after']).toBe(this.#place.seq)
      this.#place = { ...this.#place, seq: Number(frame['seq']) }
    }
    const seqs = frame['seqs'] as number[] | undefined
    for (const [at, tx] of txes.entries()) {
      if (tx._class === 'core:class:TxWorkspaceEvent' && tx.event === 3) this.#load()
      else if (Number(seqs?.[at] ?? frame['seq'] ?? 0) > this.#loadedSeq) this.#apply(tx)
    }
  }

  #apply(tx: Tx): void {
    if (!('objectId' in tx) || targetOf(tx as TxCUD)._class !== 'board:class:Task') return
    const { _id } = targetOf(tx as TxCUD)
    const before = this.tasks.get(_id)
    if (before === undefined && tx._class !== 'core:class:TxCreateDoc') return
    const after = applyTransaction(before, tx as TxCUD)
    if (after !== undefined) this.tasks.set(_id, after)
  }
}

class Run {
  readonly core = new MemoryCore(
    { upgradeNotice: '1000', outboxBytes: '65536', maxResume: '40' },
    { storage: createMemoryStorage() },
  )
  readonly listeners: Listener[] = []
  #writer = this.#connectWriter()
  #tool: MemoryClient | undefined
  #written = 0

  async start(): Promise<void> {
    await this.core.settle()
    this.listeners.push(
      new Listener(this.core, 'ann'),
      new Listener(this.core, 'bob'),
      new Listener(this.core, 'bob'),
    )
    const space = {
      name: 'own',
      description: '',
      private: true,
      archived: false,
      members: ['account:ann', 'account:bob'],
    }
    this.#send(
      change(
        'core:class:TxCreateDoc',
        'own',
        'core:class:Space',
        { space: 'core:space:Space' },
        { attributes: space },
      ),
    )
    await this.core.settle()
    this.#takeAll()
  }

  async perform(next: Step): Promise<void> {
    switch (next.do) {
      case 'write':
        this.#write(next.space)
        break
      case 'member': {
        const members = next.isIn ? ['account:ann', 'account:bob'] : ['account:ann']
        this.#send(
          change(
            'core:class:TxUpdateDoc',
            'own',
            'core:class:Space',
            { space: 'core:space:Space' },
            { operations: { members } },
          ),
        )
        break
      }
      case 'upgrade':
        this.#tool ??= this.core.connect({ email: 'tool', workspace: 'w1', model: 'upgrade' })
        break
      case 'upgraded':
        this.#tool?.drop()
        this.#tool = undefined
        break
      case 'force-close':
        void this.core.core.registry.forceClose('w1')
        break
      case 'drain':
        void this.core.core.registry
          .find('w1')
          ?.close({ code: 4000, reason: 'drained', reconnect: true }, { signal: false })
        break
      case 'drop':
        this.listeners[next.listener]?.drop()
        break
      case 'slow':
        this.listeners[next.listener]?.stall()
        break
      case 'wait':
        await this.core.time.advance(next.milliseconds)
        break
      default:
        next satisfies never
    }
    // Sometimes the next step begins before the end of this one.
    for (let turns = this.#written % 4; turns > 0; turns--) await tick()
    this.#takeAll()
    for (const each of this.listeners) if (!each.isOpen && this.#written % 3 === 0) each.come()
  }

  /** Everything settles, every client reconnects, and shows the results of the server. */
  async end(): Promise<void> {
    this.#tool?.drop()
    for (let turn = 0; turn < 8; turn++) {
      await this.core.time.advance(2000)
      await this.core.settle()
      for (const each of this.listeners) each.come()
      await this.core.settle()
      this.#takeAll()
    }
    for (const each of this.listeners) {
      const id = each.ask('board:class:Task')
      await this.core.settle()
      const { result } = each.answer(id) ?? {}
      const found = (result as { value: Doc[] } | undefined)?.value ?? []
      // Every listener is admitted again.
      expect(result).toBeDefined()
      expect([...each.tasks.values()].map(titles).sort()).toStrictEqual(found.map(titles).sort())
    }
    await this.core.stop()
  }

  #write(space: string): void {
    this.#written += 1
    const id = `t${this.#written % 7}`
    if (this.#written < 7) this.#send(createTask(`${space}-${id}`, { title: `${this.#written}` }, { space }))
    else {
      const tx = updateTask(`${space}-${id}`, { title: `${this.#written}` }, { space })
      this.#send(this.#written % 3 === 0 ? applyIf({ txes: [tx], notify: false }) : tx)
    }
  }

  #send(tx: object): void {
    if (this.#writer.closed !== undefined) this.#writer = this.#connectWriter()
    this.#writer.request('tx', [tx])
  }

  #connectWriter(): MemoryClient {
    const writer = this.core.connect({ email: 'ann', workspace: 'w1' })
    writer.send({ id: -1, method: 'hello', params: [], broadcast: false })
    return writer
  }

  #takeAll(): void {
    for (const each of this.listeners) each.take()
  }
}

function titles(doc: Doc): string {
  return `${doc._id} ${(doc as Doc & { title: string }).title}`
}

test('WIRE-97: a push names the position that it follows, and no client skips a change, whatever events overlap', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const run = new Run()
      await run.start()
      for (const next of steps) await run.perform(next)
      await run.end()
    }),
    propertyParameters({ numRuns: 300 }),
  )
})

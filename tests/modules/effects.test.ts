import { expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Client } from '../../client/client.ts'
import { createNodeClient, dialNode } from '../../client/node.ts'
import { systemClock } from '../../model/clock.ts'
import type { Ref } from '../../model/documents.ts'
import { pushAll } from '../../model/push-all.ts'
import { Tokens } from '../../server/auth/tokens.ts'
import type { LogEntry } from '../../storage/contract.ts'
import { embeddedBackend } from '../crash/backend.ts'
import { readStoredLog } from '../crash/check-storage.ts'
import { pick, seededRandom } from '../crash/random.ts'
import { SECRET, ServerProcess } from '../crash/server-process.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { testSeed } from '../support/property-parameters.ts'
import { waitUntil } from '../support/wait-until.ts'
import { type Effect, effects, type Item, journalOf, SPACE } from './effects-module.ts'

const { Effect: EffectClass, Item: ItemClass, Journal } = effects.class
const WORKSPACE = 'effects'
const HISTORIES = 2
const ROUNDS = 4
/** Requests of a round. */
const REQUESTS = 25
/** Maximum milliseconds of a round after its first response. */
const LIFE = 150
const KEYS = ['a', 'b', 'c']
const KINDS = ['async', 'job', 'sync']
const modulePath = fileURLToPath(new URL('./effects-module.js', import.meta.url))

/** A client that outlives the servers of one history, and what it knows of its requests. */
class History {
  readonly acknowledged = new Set<string>()
  /** Items of calls that nobody knows the outcome of: all of a call are there, or none. */
  readonly uncertain: string[][] = []
  readonly #random: () => number
  readonly #data: string
  readonly #client: Client
  #server: ServerProcess | undefined
  #last = 0

  constructor(data: string, random: () => number) {
    this.#data = data
    this.#random = random
    const token = new Tokens(SECRET, systemClock.now).sign({ email: 'writer', workspace: WORKSPACE })
    this.#client = createNodeClient({
      url: 'ws://127.0.0.1:1',
      getToken: () => token,
      dial: (url, protocols) => dialNode(url.replace(/^ws:\/\/[^/]*/, this.#server?.url ?? ''), protocols),
      retry: { first: 1, longest: 50 },
    } as Parameters<typeof createNodeClient>[0])
  }

  async start(failures: number): Promise<void> {
    this.#server = await ServerProcess.start(this.#data, {
      ATRIUM_MODULES: `board,${modulePath}`,
      ATRIUM_TRIGGER_CRASHES: '0',
      EFFECTS: JSON.stringify({ concurrency: 1 + Math.floor(this.#random() * 4), failures }),
    })
  }

  async prepare(): Promise<void> {
    for (const key of KEYS) {
      const factory = await this.#client.transactions()
      await this.#client.tx(factory.create(Journal, SPACE, { items: [] }, { _id: journalOf(key)._id }))
    }
  }

  /** Requests at random, until the server is killed among them. */
  async round(): Promise<Promise<void>[]> {
    const sent = Array.from({ length: REQUESTS }, () =>
      this.#random() < 0.5 ? this.#create() : this.#call(),
    )
    await Promise.race(sent)
    await wait(this.#random() * LIFE)
    await this.kill()
    return sent
  }

  async kill(): Promise<void> {
    await this.#server?.kill()
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#client.terminate()
  }

  async items(): Promise<Item[]> {
    return await this.#client.findAll(ItemClass)
  }

  async effects(): Promise<Effect[]> {
    return await this.#client.findAll(EffectClass)
  }

  async journal(key: string): Promise<{ items: string[]; made: number }> {
    const [journal] = await this.#client.findAll(Journal, { _id: journalOf(key)._id })
    const { items = [], made = 0 } = (journal ?? {}) as { items?: string[]; made?: number }
    return { items, made }
  }

  async #create(): Promise<void> {
    const _id = this.#id()
    const factory = await this.#client.transactions()
    await this.#client.tx(factory.create(ItemClass, SPACE, { key: this.#key(), by: 'client' }, { _id }))
    this.acknowledged.add(_id)
  }

  async #call(): Promise<void> {
    const ids = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => this.#id() as string)
    try {
      await this.#client.call('effects.add', [{ key: this.#key(), ids }])
      for (const id of ids) this.acknowledged.add(id)
    } catch (error) {
      expect((error as { code?: string }).code).toBe('uncertain')
      this.uncertain.push(ids)
    }
  }

  #id(): Ref<Item> {
    return `item-${++this.#last}` as Ref<Item>
  }

  #key(): string {
    return pick(this.#random, KEYS)
  }
}

/** The items of a key in the order of the log. */
function logged(log: readonly LogEntry[], key: string): string[] {
  const found: string[] = []
  for (const { tx } of log)
    if (
      tx._class === 'core:class:TxCreateDoc' &&
      tx.objectClass === ItemClass &&
      tx.attributes['key'] === key
    )
      found.push(tx.objectId)
  return found
}

async function check(history: History, data: string): Promise<void> {
  const whole = async () => (await history.effects()).length >= (await history.items()).length * KINDS.length
  await waitUntil(whole, 'all effects', 60_000)
  const [items, made] = [await history.items(), await history.effects()]
  const journals = new Map<string, { items: string[]; made: number }>()
  for (const key of KEYS) journals.set(key, await history.journal(key))
  await history.stop()

  const kinds = new Map<string, string[]>(items.map(({ _id }) => [_id, []]))
  for (const { item, kind } of made) kinds.get(item)?.push(kind)
  for (const [item, of] of kinds) expect([item, of.toSorted()]).toStrictEqual([item, KINDS])
  expect(history.acknowledged.size).toBeGreaterThan(REQUESTS)
  const there = new Set<string>(items.map(({ _id }) => _id))
  expect([...history.acknowledged].filter((id) => !there.has(id))).toStrictEqual([])
  for (const ids of history.uncertain)
    expect([0, ids.length]).toContain(ids.filter((id) => there.has(id)).length)
  const log = await readStoredLog(embeddedBackend(data), WORKSPACE)
  for (const [key, journal] of journals) {
    expect(journal.items).toStrictEqual(logged(log, key))
    const byMethod = items.filter((item) => item.key === key && item.by === 'method')
    expect(journal.made).toBe(byMethod.length)
  }
}

test('MOD-190: whatever kinds of code make effects, however runs fail and servers are killed, each effect on documents is there once, in the order of its key', async () => {
  const random = seededRandom(testSeed())
  for (let count = 0; count < HISTORIES; count++) {
    const data = await mkdtemp(join(tmpdir(), 'atrium-effects-'))
    const history = new History(data, random)
    onTestEnd(async () => {
      await history.kill()
      await rm(data, { recursive: true, force: true })
    })
    await history.start(0.2)
    await history.prepare()
    const sent: Promise<void>[] = []
    for (let round = 0; round < ROUNDS; round++) {
      pushAll(sent, await history.round())
      await history.start(round === ROUNDS - 1 ? 0 : 0.2)
    }
    await Promise.all(sent)
    await check(history, data)
  }
}, 300_000)

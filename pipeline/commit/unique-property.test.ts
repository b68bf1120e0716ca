import { expect, test } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../model/clock.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Storage } from '../../storage/contract.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { createMongoStorage } from '../../storage/mongodb/storage.ts'
import { createSqliteStorage } from '../../storage/sqlite/storage.ts'
import { seededRandom } from '../../tests/crash/random.ts'
import { withMongo } from '../../tests/services/with-mongo.ts'
import { onTestEnd } from '../../tests/support/on-test-end.ts'
import { testSeed } from '../../tests/support/property-parameters.ts'
import { ann, testPipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf } from '../../tests/support/transactions.ts'
import { create, Person, remove, uniqueModel, update } from '../../tests/modules/unique-module.ts'

interface Held {
  email: string | null
  archived: boolean
}
/** A change, and what it does to a plain model. */
interface Step {
  tx: Tx
  apply: (persons: Map<string, Held>) => void
}

const ids = ['a', 'b', 'c', 'd', 'e']

test('MOD-113: whatever is committed together, exactly the requests that would leave two documents with one key are refused', async () => {
  await agreesWithModel(createMemoryStorage())
})

test('MOD-113: over SQLite storage, exactly the requests that would leave two documents with one key are refused', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'atrium-unique-'))
  onTestEnd(async () => await rm(directory, { recursive: true, force: true }))
  await agreesWithModel(createSqliteStorage({ directory }))
})

await withMongo((service) => {
  test('MOD-113: over MongoDB, exactly the requests that would leave two documents with one key are refused', async () => {
    await agreesWithModel(createMongoStorage({ url: service.url }))
  })
})

async function agreesWithModel(storage: Storage): Promise<void> {
  const random = seededRandom(testSeed())
  const id = `unique-${process.pid}-${systemClock.now()}`
  try {
    const { pipeline, find } = await testPipeline({
      storage,
      id,
      model: uniqueModel,
      commitLimits: { maxWaiting: 1000, maxGroup: 4 },
    })
    let persons = new Map<string, Held>()
    for (let round = 0; round < 40; round++) {
      const requests = Array.from({ length: 12 }, () => steps(random))
      const expected = requests.map((each) => {
        const after = structuredClone(persons)
        const code = outcomeOf(each, after)
        if (code === 'committed') persons = after
        return code
      })
      const outcomes = await Promise.allSettled(requests.map((each) => pipeline.tx(ann, requestOf(each))))
      expect(outcomes.map(codeOf)).toStrictEqual(expected)
    }
    const found = await find(Person, {}, { sort: { _id: 1 } })
    const held = found.map((doc) => [doc._id, (doc as { email?: string | null }).email])
    const wanted = [...persons.keys()].toSorted().map((person) => [person, persons.get(person)?.email])
    expect(held).toStrictEqual(wanted)
    await pipeline.close()
  } finally {
    await storage.close()
  }
}

function steps(random: () => number): Step[] {
  const any = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const one = (): Step => {
    const id = any(ids)
    const email = any(['x', 'y', 'z', null])
    const archived = random() < 0.5
    return any<() => Step>([
      () => ({ tx: create(id, { email }), apply: (persons) => add(persons, id, { email, archived: false }) }),
      () => ({ tx: remove(id), apply: (persons) => persons.delete(id) }),
      () => ({ tx: update(id, { email }), apply: (persons) => change(persons, id, { email }) }),
      () => ({ tx: update(id, { archived }), apply: (persons) => change(persons, id, { archived }) }),
    ])()
  }
  return random() < 0.4 ? [one(), one(), one()] : [one()]
}

function add(persons: Map<string, Held>, id: string, person: Held): void {
  if (persons.has(id)) throw new StatusError('core:status:ObjectExists')
  persons.set(id, person)
}

function change(persons: Map<string, Held>, id: string, fields: Partial<Held>): void {
  const person = persons.get(id)
  if (person === undefined) throw new StatusError('core:status:ObjectNotFound')
  persons.set(id, { ...person, ...fields })
}

function outcomeOf(each: readonly Step[], persons: Map<string, Held>): string {
  try {
    for (const { apply } of each) apply(persons)
  } catch (error) {
    return (error as StatusError).status.code
  }
  const emails = [...persons.values()].flatMap(({ email, archived }) => (archived ? [] : (email ?? [])))
  return new Set(emails).size === emails.length ? 'committed' : 'platform:status:NotUnique'
}

function requestOf(each: readonly Step[]): Tx {
  const [first] = each
  return each.length === 1 && first !== undefined ? first.tx : applyIf({ txes: each.map(({ tx }) => tx) })
}

function codeOf(outcome: PromiseSettledResult<unknown>): string {
  return outcome.status === 'fulfilled' ? 'committed' : (outcome.reason as StatusError).status.code
}

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { withMongo } from '../tests/services/with-mongo.ts'
import type { FindPlan } from '../model/query/plan.ts'
import { type CommitBatch, StorageError, type WorkspaceStorage } from './contract.ts'
import { temporarySubject as embeddedSubject } from './testing/sqlite-test-storage.ts'
import { createMemoryStorage } from './memory/storage.ts'
import { temporarySubject as mongoSubject } from './testing/mongodb-test-storage.ts'
import { plans, spaces } from './testing/arbitrary.ts'
import { type Change, changes, commitDomains, Committed } from './testing/commits.ts'
import { decoded, entry, type Subject, taskSchema } from './testing/fixture.ts'
import { note } from '../tests/support/note.ts'
import { expectFor } from '../tests/support/expecting.ts'
import { propertyParameters } from '../tests/support/property-parameters.ts'

/** Milliseconds after which no further run begins. */
const timeLimit = 20_000
const pageBytes = 700

interface Questions {
  plans: { domain: string; plan: FindPlan }[]
  after: number
  limit: number
  objectSpace: string | undefined
  word: string
}

interface Step {
  change: Change
  questions: Questions
  reopened: boolean
}

const questions: fc.Arbitrary<Questions> = fc.record({
  plans: fc.array(fc.record({ domain: fc.constantFrom('task', 'task', 'note', 'tx'), plan: plans }), {
    maxLength: 4,
  }),
  after: fc.nat({ max: 20 }),
  limit: fc.nat({ max: 20 }),
  objectSpace: fc.option(spaces, { nil: undefined }),
  word: fc.constantFrom('hello', 'hell wor', 'wörld', 'κόσ', 'b', 'none'),
})

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    change: changes,
    questions,
    reopened: fc.oneof(
      { weight: 5, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
  }),
  { minLength: 1, maxLength: 6 },
)

await withMongo(({ url }) => {
  test('STO-51: memory, SQLite and MongoDB storage hold, find and refuse the same, whatever is committed', async () => {
    const memory = createMemoryStorage()
    const subjects: Subject[] = [
      { storage: memory, dispose: () => memory.close() },
      await embeddedSubject(),
      mongoSubject(url),
    ]
    let runs = 0
    const property = fc.asyncProperty(steps, async (all) => {
      runs++
      await sameAnswers(subjects, `run-${runs}`, all)
    })
    try {
      const limits = { interruptAfterTimeLimit: timeLimit, markInterruptAsFailure: false }
      await fc.assert(property, propertyParameters({ numRuns: 150, ...limits }))
      note(`${runs} runs`)
    } finally {
      await Promise.all(subjects.map(({ dispose }) => dispose()))
    }
  })
})

async function sameAnswers(
  subjects: readonly Subject[],
  workspace: string,
  all: readonly Step[],
): Promise<void> {
  const open = () => Promise.all(subjects.map(({ storage }) => storage.openWorkspace(workspace, taskSchema)))
  const committed = new Committed()
  let opened = await open()
  const close = async () => {
    await Promise.all(opened.map((each) => each.close()))
  }
  try {
    for (const { change, questions: asked, reopened } of all) {
      const batch = committed.batchOf(change)
      if (batch !== undefined) await commitToAll(opened, batch, committed)
      if (reopened) {
        await close()
        opened = await open()
        for (const { lastSeq } of opened) expect(lastSeq).toBe(committed.lastSeq)
      }
      await compare(subjects, opened, asked)
    }
  } finally {
    await close()
  }
}

async function commitToAll(
  opened: readonly WorkspaceStorage[],
  batch: CommitBatch,
  committed: Committed,
): Promise<void> {
  const [first, ...others] = await Promise.all(opened.map((workspace) => outcomeOf(workspace, batch)))
  for (const other of others) expect(other).toBe(first)
  if (first === 'committed') committed.happened(batch)
}

async function outcomeOf(workspace: WorkspaceStorage, batch: CommitBatch): Promise<string> {
  try {
    await workspace.commit(batch)
    return 'committed'
  } catch (error) {
    if (error instanceof StorageError) return error.code
    throw error
  }
}

async function compare(
  subjects: readonly Subject[],
  opened: readonly WorkspaceStorage[],
  asked: Questions,
): Promise<void> {
  const [first, ...others] = await Promise.all(opened.map((workspace) => answersOf(workspace, asked)))
  for (const [at, other] of others.entries())
    expectFor(`${subjects[at + 1]?.storage.name} and ${subjects[0]?.storage.name}`, other).toStrictEqual(
      first,
    )
}

async function answersOf(workspace: WorkspaceStorage, asked: Questions): Promise<unknown> {
  const { after, limit, objectSpace, word } = asked
  const ids = Array.from({ length: 12 }, (_, index) => `id-${index}`)
  const found = await Promise.all(
    asked.plans.map(async ({ domain, plan }) => {
      const wanted = { ...plan, domain }
      const docs = await workspace.find(wanted)
      return { docs: [...docs], total: docs.total, encoded: await decoded(workspace, wanted) }
    }),
  )
  const log = await workspace.readLog({ after, limit, ...(objectSpace === undefined ? {} : { objectSpace }) })
  const requests = Array.from({ length: 30 }, (_, index) => entry(index + 1).tx._id as string)
  const prefetched = await workspace.prefetch({ requests, documents: [] })
  const hits = await workspace.search({ text: word, limit: 100 })
  const got = await Promise.all(commitDomains.map((domain) => workspace.get(domain, ids)))
  const pages = await Promise.all(
    [...commitDomains, 'tx'].map((domain) => workspace.list(domain, undefined, pageBytes)),
  )
  return asStored({
    found,
    log,
    known: prefetched.requests,
    hits: hits.map(({ id, title }) => JSON.stringify([id, title])).sort(byCodeUnit),
    got: got.map((docs) => [...docs].sort((a, b) => byCodeUnit(a._id, b._id))),
    pages,
  })
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : 1
}

/** The value as a client receives it: `undefined` fields are absent. */
function asStored(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

import { expect, test } from '@jest/globals'
import { boardModel } from '../../examples/board/model.ts'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery } from '../../model/query/query.ts'
import type { Tx } from '../../model/transactions.ts'
import { modelOf } from '../../server/modules/load-modules.ts'
import { fakeClock, FakeScheduler } from '../../tests/support/fake-scheduler.ts'
import { comment, createTask, updateTask } from '../../tests/support/transactions.ts'
import { ClientModel } from '../model/client-model.ts'
import { LiveQueries } from './live-queries.ts'

const task = 'board:class:Task' as Ref<Class>
const QUERIES = 200

/** Live queries over documents that record reads. */
class Looked {
  /** Names of the queries whose documents were read. */
  readonly read = new Set<string>()
  readonly called = new Set<string>()
  readonly queries: LiveQueries
  #seq = 1

  constructor() {
    const model = new ClientModel()
    const answer = modelOf([{ model: boardModel }]).after('')
    model.load({ ...answer, full: true })
    this.queries = new LiveQueries({
      clock: fakeClock(new FakeScheduler()),
      model,
      pending: () => [],
      report: (error) => {
        throw error
      },
      freezes: false,
      ask: (_class, query) => Promise.resolve(this.#answer(_class, query)),
    })
  }

  look(name: string, _class: Ref<Class>, query: DocumentQuery, options = {}): void {
    this.queries.subscribe(
      { _class, query: { ...query, name: { $ne: name } }, options },
      { result: () => this.called.add(name) },
    )
  }

  /** The queries that process a push, and the queries whose listeners it calls. */
  push(...txes: Tx[]): { read: string[]; called: string[] } {
    this.read.clear()
    this.called.clear()
    this.#seq += 1
    this.queries.apply(
      txes.map((tx) => ({ tx, seq: this.#seq })),
      false,
    )
    return { read: [...this.read], called: [...this.called] }
  }

  #answer(_class: Ref<Class>, query: DocumentQuery) {
    const { name } = query as { name: { $ne: string } }
    const docs = [0, 1, 2].map((at) =>
      this.#doc(`${name.$ne}/${at}`, { _class, ...plainOf(query) }, name.$ne),
    )
    return { docs, total: -1, seq: this.#seq }
  }

  #doc(_id: string, fields: object, name: string): Doc {
    const doc = { _id, space: 'p', modifiedBy: 'a', modifiedOn: 1 }
    for (const [key, value] of Object.entries({ rank: _id, ...fields }))
      Object.defineProperty(doc, key, {
        enumerable: true,
        get: () => {
          this.read.add(name)
          return value
        },
      })
    return doc as unknown as Doc
  }
}

/** The fields of the query with a plain value. */
function plainOf(query: DocumentQuery): object {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => typeof value !== 'object'))
}

test('SDK-29: a push is processed by the live queries that it can affect, and by no others', async () => {
  const looked = new Looked()
  for (let at = 0; at < QUERIES; at++) {
    const options = { sort: { rank: 1 as const }, ...(at % 2 === 0 ? { limit: 3 } : {}) }
    looked.look(`status ${at}`, task, { status: `s${at}` }, options)
    looked.look(`comments ${at}`, 'board:class:Comment' as Ref<Class>, { attachedTo: `t${at}` as Ref })
    looked.look(`project ${at}`, 'board:class:Project' as Ref<Class>, { archived: at % 2 === 0 })
    looked.look(`id ${at}`, task, { _id: `t${at}` as Ref })
    looked.look(`account ${at}`, 'core:class:Account' as Ref<Class>, { email: `a${at}` })
  }
  await new Promise(setImmediate)
  expect(looked.called.size >= 4 * QUERIES).toBe(true)
  const nobody = { read: [], called: [] }
  // A document that no query contains.
  expect(looked.push(createTask('x', { status: 'none', title: 'x' }) as Tx)).toStrictEqual(nobody)
  expect(looked.push(updateTask('x', { title: 'y' }) as Tx)).toStrictEqual(nobody)
  expect(looked.push(updateTask('x', { status: 'none', rank: 'r' }) as Tx)).toStrictEqual(nobody)
  expect(looked.push(comment('x', 'c1') as Tx)).toStrictEqual(nobody)
  // A document that one query contains.
  const name = 'status 7'
  expect(looked.push(createTask('y', { status: 's7', title: 'x', rank: 'r' }) as Tx)).toStrictEqual({
    read: [name],
    called: [name],
  })
  expect(looked.push(updateTask('comments 9/1', { title: 'z' }) as Tx)).toStrictEqual(nobody)
  expect(looked.push(updateTask('status 8/1', { title: 'z' }) as Tx).called).toStrictEqual(['status 8'])
  expect(looked.push(comment('t11', 'c2') as Tx).called).toStrictEqual(['comments 11'])
})

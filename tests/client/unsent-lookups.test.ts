import { describe, expect, test } from '@jest/globals'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import { comment, createTask, updateTask } from '../support/transactions.ts'
import { ClientWorld, type Member } from './client-world.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const task = 'board:class:Task' as Ref<Class>
const comments = 'board:class:Comment' as Ref<Class>
const by = { by: 'account:ann' }

interface Joined extends Doc {
  title?: string
  message?: string
  $lookup?: Record<string, Joined | Joined[] | undefined>
}

/** `id(name: id, name: [id id])`, with the lookups of the joined documents. */
function text(doc: Joined): string {
  const joined = Object.entries(doc.$lookup ?? {}).map(([name, value]) => {
    if (value === undefined) return `${name}: -`
    return Array.isArray(value) ? `${name}: [${value.map(text).join(' ')}]` : `${name}: ${text(value)}`
  })
  return `${doc._id}${doc.title === undefined ? '' : `=${doc.title}`}${joined.length === 0 ? '' : `(${joined.join(', ')})`}`
}

interface Watched {
  shown: string[]
  totals: number[]
}

function watch({ client }: Member, _class: Ref<Class>, query: DocumentQuery, options: FindOptions): Watched {
  const watched: Watched = { shown: [], totals: [] }
  client.query(_class, query, options, (docs) => {
    watched.shown.push((docs as unknown as Joined[]).map(text).join(' '))
    watched.totals.push(docs.total)
  })
  return watched
}

async function world(): Promise<{ made: ClientWorld; ann: Member }> {
  const made = new ClientWorld(13)
  const ann = made.join('ann')
  onTestEnd(async () => await made.end())
  await made.calm()
  ann.send(createTask('t1', { title: 'one', status: 'todo', assignee: 'account:ann' }, by))
  ann.send(comment('t1', 'c1', by))
  await made.calm()
  return { made, ann }
}

const withRemarks = {
  lookup: { _id: { remarks: [comments, 'attachedTo'] } },
  sort: { title: 1 },
} satisfies Parameters<typeof watch>[3]

/** The last result remains, whatever the order of the confirmations. */
async function stays(made: ClientWorld, ann: Member, watched: readonly Watched[]): Promise<void> {
  const before = watched.map(({ shown }) => shown.length)
  const last = watched.map(({ shown }) => shown.at(-1))
  ann.client.restart()
  await made.calm()
  for (const [at, { shown }] of watched.entries())
    for (const later of shown.slice(before[at])) expect(later).toBe(last[at])
}

describe('unsent changes in lookups', () => {
  test('SDK-28: an unsent creation shows at once in a query with a lookup, joined with the known documents, and stays when it is confirmed', async () => {
    const { made, ann } = await world()
    const forward = watch(ann, comments, {}, { lookup: { attachedTo: task }, total: true })
    const limited = watch(ann, comments, {}, { lookup: { attachedTo: task }, sort: { message: 1 }, limit: 3 })
    const back = watch(ann, task, {}, withRemarks)
    await made.calm()
    ann.client.stop()
    ann.send(comment('t1', 'c2', by))
    expect(forward.shown.at(-1)).toBe('c1(attachedTo: t1=one) c2(attachedTo: t1=one)')
    expect(limited.shown.at(-1)).toBe('c1(attachedTo: t1=one) c2(attachedTo: t1=one)')
    expect(back.shown.at(-1)).toBe('t1=one(remarks: [c1 c2])')
    expect(forward.totals.at(-1)).toBe(2)
    await stays(made, ann, [forward, limited, back])
  })

  test('SDK-28: a joined document may be unsent itself, and be changed or removed before it is sent', async () => {
    const { made, ann } = await world()
    const forward = watch(ann, comments, {}, { lookup: { attachedTo: task } })
    const back = watch(ann, task, {}, withRemarks)
    await made.calm()
    ann.client.stop()
    ann.send(createTask('t2', { title: 'two', status: 'todo' }, by))
    ann.send(comment('t2', 'c2', by))
    ann.send(updateTask('t2', { title: 'zwei' }, by))
    ann.send(updateTask('t1', { title: 'eins' }, by))
    expect(forward.shown.at(-1)).toBe('c1(attachedTo: t1=eins) c2(attachedTo: t2=zwei)')
    expect(back.shown.at(-1)).toBe('t1=eins(remarks: [c1]) t2=zwei(remarks: [c2])')
    await stays(made, ann, [forward, back])
  })

  test('SDK-28: nested lookups show unsent creations at every depth', async () => {
    const { made, ann } = await world()
    const lookup = { attachedTo: [task, { assignee: 'core:class:Account' as Ref<Class> }] }
    const deep = watch(ann, comments, {}, { lookup })
    await made.calm()
    expect(deep.shown.at(-1)).toBe('c1(attachedTo: t1=one(assignee: account:ann))')
    ann.client.stop()
    ann.send(createTask('t2', { title: 'two', assignee: 'account:ann' }, by))
    ann.send(comment('t2', 'c2', by))
    ann.send(comment('t1', 'c3', by))
    expect(deep.shown.at(-1)).toBe(
      'c1(attachedTo: t1=one(assignee: account:ann)) c2(attachedTo: t2=two(assignee: account:ann)) c3(attachedTo: t1=one(assignee: account:ann))',
    )
    ann.send(updateTask('t1', { assignee: null }, by))
    expect(deep.shown.at(-1) ?? '').toMatch(/^c1\(attachedTo: t1=one\) c2/)
    await stays(made, ann, [deep])
  })

  test('SDK-28: a query whose conditions use looked-up documents shows unsent changes too', async () => {
    const { made, ann } = await world()
    const options = { lookup: { attachedTo: task }, total: true }
    const decided = watch(ann, comments, { '$lookup.attachedTo.status': 'todo' }, options)
    const sorted = watch(ann, comments, {}, { ...options, sort: { '$lookup.attachedTo.title': -1 } })
    await made.calm()
    expect(decided.shown.at(-1)).toBe('c1(attachedTo: t1=one)')
    ann.client.stop()
    ann.send(createTask('t2', { title: 'two', status: 'todo' }, by))
    ann.send(createTask('t3', { title: 'three', status: 'done' }, by))
    for (const at of [2, 3]) ann.send(comment(`t${at}`, `c${at}`, by))
    expect(decided.shown.at(-1)).toBe('c1(attachedTo: t1=one) c2(attachedTo: t2=two)')
    expect(decided.totals.at(-1)).toBe(2)
    expect(sorted.shown.at(-1)).toBe('c2(attachedTo: t2=two) c3(attachedTo: t3=three) c1(attachedTo: t1=one)')
    ann.send(updateTask('t1', { status: 'done' }, by))
    expect(decided.shown.at(-1)).toBe('c2(attachedTo: t2=two)')
    await stays(made, ann, [decided, sorted])
  })

  test('SDK-28: a refused change disappears together with its joins', async () => {
    const { made, ann } = await world()
    const forward = watch(ann, comments, {}, { lookup: { attachedTo: task } })
    await made.calm()
    ann.client.stop()
    ann.send(createTask('t2', { title: 5 }, by))
    ann.send(comment('t2', 'c2', by))
    expect(forward.shown.at(-1)).toBe('c1(attachedTo: t1=one) c2(attachedTo: t2=5)')
    ann.client.restart()
    await made.calm()
    const found = await made.settled(ann.client.findAll(comments, {}, { lookup: { attachedTo: task } }))
    expect(forward.shown.at(-1)).toBe((found as unknown as Joined[]).map(text).join(' '))
  })
})

import type { Doc, Ref, Space } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx, TxCollectionCUD, TxCreateDoc, TxMixin } from '../../model/transactions.ts'
import type { DemoOptions } from '../../pipeline/modules/module.ts'
import { board } from './model.ts'

const SEED = 20_260_101
const START = Date.UTC(2026, 0, 5, 8)
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const TASKS = 2000
const COMMENTS = 5000
/** Tasks, the last ones, that people may have from each other: a trigger tells each of them. */
const GIVEN = 20

const projects = [
  { name: 'Website', identifier: 'WEB', description: 'What visitors see.' },
  { name: 'Mobile app', identifier: 'APP', description: 'The app for phones and tablets.' },
  { name: 'Platform', identifier: 'PLT', description: 'What the other two stand on.' },
]
const verbs = [
  'Fix',
  'Design',
  'Document',
  'Review',
  'Speed up',
  'Test',
  'Rename',
  'Remove',
  'Plan',
  'Polish',
]
const things = [
  'sign-in page',
  'search box',
  'billing export',
  'task list',
  'release notes',
  'upload dialog',
  'onboarding',
  'dark theme',
  'offline mode',
  'push messages',
  'audit log',
  'backup job',
  'rate limits',
  'error pages',
]
const reasons = [
  'before the next release',
  'after the feedback of last week',
  'for small screens',
  'for large teams',
]
const remarks = [
  'Looks good to me.',
  'I can take this one.',
  'Blocked until Thursday.',
  'See the notes in the description.',
  'Could we split this?',
  'Done on my side.',
  'Please have a second look.',
  'Tested on three devices.',
]
const labels = ['bug', 'feature', 'design', 'docs', 'infra']
const statuses = ['backlog', 'todo', 'doing', 'review', 'done']
const priorities = ['none', 'low', 'medium', 'high', 'urgent']

/** 3 projects, 2,000 tasks, 5,000 comments: the same for the same members. */
export function* boardDemo({ members }: DemoOptions): Iterable<Tx> {
  const story = new Story(members)
  yield* projects.map((project) => story.project(project))
  for (let number = 1; number <= TASKS; number++) yield* story.task(number)
  for (let number = 1; number <= COMMENTS; number++) yield story.comment(number)
}

class Story {
  readonly #members: DemoOptions['members']
  readonly #random = mulberry32(SEED)
  readonly #projects: Ref<Space>[] = []
  readonly #tasks: { _id: Ref; space: Ref<Space> }[] = []
  #time = START
  #transactions = 0

  constructor(members: DemoOptions['members']) {
    this.#members = members
  }

  project({ name, identifier, description }: (typeof projects)[number]): TxCreateDoc {
    const _id = `board:project:${identifier}` as Ref<Space>
    this.#projects.push(_id)
    return this.#create(_id, board.class.Project, core.space.Space, {
      name,
      identifier,
      description,
      private: false,
      archived: false,
      members: [...this.#members],
    })
  }

  *task(number: number): Iterable<Tx> {
    const task = { _id: demoId('task', number), space: this.#pick(this.#projects) }
    this.#tasks.push(task)
    const created = this.#create(task._id, board.class.Task, task.space, this.#taskAttributes(number))
    yield number <= TASKS - GIVEN ? taken(created) : created
    if (this.#random() < 0.3) yield this.#estimate(task)
  }

  comment(number: number): TxCollectionCUD {
    const task = this.#pick(this.#tasks)
    const tx = this.#create(demoId('comment', number), board.class.Comment, task.space, {
      message: this.#pick(remarks),
    })
    const { attributes: _, ...fields } = tx
    return {
      ...fields,
      _id: demoId('collection', number),
      _class: core.class.TxCollectionCUD,
      objectId: task._id,
      objectClass: board.class.Task,
      collection: 'comments',
      tx,
    }
  }

  #taskAttributes(number: number): Record<string, unknown> {
    const title = `${this.#pick(verbs)} the ${this.#pick(things)}`
    const dueDate =
      this.#random() < 0.5 ? { dueDate: this.#time + Math.floor(this.#random() * 60) * DAY } : {}
    return {
      title,
      description: `${title} ${this.#pick(reasons)}.`,
      status: this.#pick(statuses),
      priority: this.#pick(priorities),
      labels: this.#someLabels(),
      ...(this.#random() < 0.8 ? { assignee: this.#pick(this.#members) } : {}),
      ...dueDate,
      rank: `0|${number.toString(36).padStart(6, '0')}:`,
      comments: 0,
    }
  }

  #estimate(task: { _id: Ref; space: Ref<Space> }): TxMixin {
    const hours = 1 + Math.floor(this.#random() * 40)
    const tx = this.#create(task._id, board.class.Task, task.space, { hours })
    return { ...tx, _class: core.class.TxMixin, mixin: board.mixin.Estimated }
  }

  #someLabels(): string[] {
    return labels.filter(() => this.#random() < 0.25)
  }

  #create(
    objectId: Ref,
    objectClass: Doc['_class'],
    objectSpace: Ref<Space>,
    attributes: Record<string, unknown>,
  ) {
    this.#time += Math.floor(this.#random() * 10 * MINUTE)
    const tx: TxCreateDoc = {
      _id: demoId('tx', ++this.#transactions),
      _class: core.class.TxCreateDoc,
      space: core.space.Tx,
      objectId,
      objectClass,
      objectSpace,
      attributes,
      modifiedBy: this.#pick(this.#members),
      modifiedOn: this.#time,
    }
    return tx
  }

  #pick<T>(values: readonly T[]): T {
    const value = values[Math.floor(this.#random() * values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }
}

/** Made by who does it. */
function taken(tx: TxCreateDoc): TxCreateDoc {
  const assignee = tx.attributes['assignee'] as TxCreateDoc['modifiedBy'] | undefined
  return { ...tx, modifiedBy: assignee ?? tx.modifiedBy }
}

/** 24 hex digits that no generated id has: those begin with the seconds of a time after 1970. */
function demoId(kind: 'task' | 'comment' | 'tx' | 'collection', number: number): Ref {
  const prefix = { task: '01', comment: '02', tx: '03', collection: '04' }[kind]
  return `000000de${prefix}${number.toString(16).padStart(14, '0')}` as Ref
}

/** Tommy Ettinger's generator: 32 bits of state, good enough for a demo. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

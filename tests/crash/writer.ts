import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, ConnectionClosedError } from '../../client/connection/connection.ts'
import type { Ref } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Tx } from '../../model/transactions.ts'
import { pick } from './random.ts'
import {
  addComment,
  both,
  createTask,
  removeComment,
  removeTask,
  SHARED,
  updateTask,
} from './transactions.ts'

/** Maximum number of concurrent requests of a writer. */
const BURST = 3

/** Milliseconds until a refused request is sent again. */
const PAUSE = 20

interface Task {
  id: Ref
  comments: Ref[]
}

/** One client that changes its own documents, and increments a shared one, until its connection is closed. */
export class Writer {
  /** In the order of sending. */
  readonly sent: Tx[] = []
  readonly acknowledged = new Set<string>()
  /** Number of responses that storage is unavailable. */
  refused = 0
  readonly #name: string
  readonly #random: () => number
  readonly #tasks: Task[] = []
  #count = 0

  constructor(name: string, random: () => number) {
    this.#name = name
    this.#random = random
  }

  get unanswered(): Tx[] {
    return this.sent.filter(({ _id }) => !this.acknowledged.has(_id))
  }

  /** @throws StatusError when the server refuses a valid transaction */
  async run(connection: Connection): Promise<void> {
    for (let alive = true; alive;) {
      const burst = Array.from({ length: 1 + Math.floor(this.#random() * BURST) }, () =>
        this.#send(connection),
      )
      alive = (await Promise.all(burst)).every(Boolean)
    }
  }

  /**
   * One transaction after another, each sent again until it is acknowledged.
   * @throws StatusError when it is refused for another reason than unavailable storage
   */
  async persist(connection: Connection, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const tx = this.#next()
      this.sent.push(tx)
      while (!(await this.#isAnswered(connection, tx))) await wait(PAUSE)
    }
  }

  async #isAnswered(connection: Connection, tx: Tx): Promise<boolean> {
    try {
      await connection.tx(tx)
      this.acknowledged.add(tx._id)
      return true
    } catch (error) {
      if (!isUnavailable(error)) throw error
      this.refused += 1
      return false
    }
  }

  async #send(connection: Connection): Promise<boolean> {
    const tx = this.#next()
    this.sent.push(tx)
    try {
      await connection.tx(tx)
      this.acknowledged.add(tx._id)
      return true
    } catch (error) {
      if (error instanceof ConnectionClosedError) return false
      throw error
    }
  }

  #next(): Tx {
    const id = this.#id()
    const task = this.#tasks.length === 0 ? undefined : pick(this.#random, this.#tasks)
    const choice = this.#random()
    if (task === undefined || choice < 0.25) return this.#create(id)
    if (choice < 0.4) return updateTask(id, SHARED, { $inc: { votes: 1 } })
    if (choice < 0.6) return updateTask(id, task.id, this.#operations())
    if (choice < 0.75) return this.#comment(id, task)
    if (choice < 0.82) return this.#removeComment(id, task)
    if (choice < 0.9) return this.#remove(id, task)
    const count = { $inc: { votes: 1 } }
    return both(
      id,
      (inner) => updateTask(inner, task.id, count),
      (inner) => updateTask(inner, SHARED, count),
    )
  }

  #create(id: string): Tx {
    const task = { id: `task-${id}` as Ref, comments: [] }
    this.#tasks.push(task)
    return createTask(id, task.id)
  }

  #operations() {
    const status = pick(this.#random, ['todo', 'doing', 'done'])
    return pick(this.#random, [{ $inc: { votes: 1 } }, { status }, { status, $push: { labels: status } }])
  }

  #comment(id: string, task: Task): Tx {
    const comment = `comment-${id}` as Ref
    task.comments.push(comment)
    return addComment(id, task.id, comment)
  }

  #removeComment(id: string, task: Task): Tx {
    const comment = task.comments.pop()
    return comment === undefined ? this.#comment(id, task) : removeComment(id, task.id, comment)
  }

  #remove(id: string, task: Task): Tx {
    this.#tasks.splice(this.#tasks.indexOf(task), 1)
    return removeTask(id, task.id)
  }

  /** In the order of sending, also when compared as text. */
  #id(): string {
    this.#count += 1
    return `${this.#name}-${String(this.#count).padStart(6, '0')}`
  }
}

/** Storage is unavailable: a later attempt may succeed. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof StatusError && error.status.code === 'platform:status:Unavailable'
}

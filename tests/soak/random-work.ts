import type { Tx } from '../../model/transactions.ts'
import { pick } from '../crash/random.ts'
import { applyIf, comment, createTask, removeTask, updateTask } from '../support/transactions.ts'

export const OPEN = 'open'
/** A private project, whose members change. */
export const OWN = 'own'
/** A task that every member increments. */
export const SHARED = 'shared'

/** The transaction that creates a task. */
export function creationOf(task: string): string {
  return task.slice('task-'.length)
}

/** Changes by one member of its own tasks and the shared one. */
export class RandomWork {
  readonly #random: () => number
  readonly #name: string
  readonly #by: string
  /** With their projects. */
  readonly #tasks = new Map<string, string>()
  #count = 0

  /** @param name prefix of the created ids */
  constructor(name: string, account: string, random: () => number) {
    this.#name = name
    this.#by = account
    this.#random = random
  }

  next(): Tx {
    this.#count += 1
    const _id = `${this.#name}-${String(this.#count).padStart(6, '0')}`
    const space = this.#random() < 0.7 ? OPEN : OWN
    const task = this.#random() < 0.25 ? undefined : this.#pickTask()
    if (task === undefined) return this.#create(_id, space)
    const [id, home] = task
    const options = { _id, by: this.#by, space: home }
    const change = this.#random()
    if (change < 0.3) return updateTask(SHARED, { $inc: { votes: 1 } }, { ...options, space: OPEN })
    if (change < 0.5) return updateTask(id, { $inc: { votes: 1 }, rank: `r${this.#count % 5}` }, options)
    if (change < 0.65)
      return updateTask(id, { status: pick(this.#random, ['todo', 'doing', 'done']) }, options)
    if (change < 0.8) return comment(id, `comment-${_id}`, options)
    if (change < 0.87) return this.#remove(id, options)
    return this.#both(id, options)
  }

  #pickTask(): [id: string, space: string] | undefined {
    return this.#tasks.size === 0 ? undefined : pick(this.#random, [...this.#tasks])
  }

  #create(_id: string, space: string): Tx {
    const id = `task-${_id}`
    this.#tasks.set(id, space)
    return createTask(id, { title: `Task ${_id}`, votes: 0 }, { _id, by: this.#by, space })
  }

  #remove(id: string, options: { _id: string; by: string; space: string }): Tx {
    this.#tasks.delete(id)
    return removeTask(id, options)
  }

  #both(id: string, { _id, ...options }: { _id: string; by: string; space: string }): Tx {
    const count = { $inc: { votes: 1 } }
    const txes = [
      updateTask(id, count, { ...options, _id: `${_id}.1` }),
      updateTask(SHARED, count, { ...options, space: OPEN, _id: `${_id}.2` }),
    ]
    const match = [{ _class: 'board:class:Task', query: { _id: id } }]
    return applyIf({ match, txes, scope: 'both' }, { ...options, _id })
  }
}

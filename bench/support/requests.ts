import { randomBytes } from 'node:crypto'
import { systemClock } from '../../model/clock.ts'
import { createIdGenerator } from '../../model/generate-id.ts'
import { AUTHOR, projectId, taskAttributes, taskId } from './tasks.ts'

/** A request that a client repeats. */
export type Work = 'ping' | 'find' | 'get' | 'commit' | 'derive'

/** Makes the requests of one client. */
export class Requests {
  readonly #newId = createIdGenerator({ now: systemClock.now, random: randomBytes })
  readonly #author: string
  #transactions = 0
  #made = ''

  constructor(author: string = AUTHOR) {
    this.#author = author
  }

  /** The parts of a request after its id, as JSON text. */
  next(work: Work, documents: number): string {
    switch (work) {
      case 'ping':
        return '"method":"ping","params":[]'
      case 'find':
        return find({ space: projectId(any(documents)) }, { sort: { rank: 1 }, limit: 50 })
      case 'get':
        return find({ _id: taskId(any(documents)) }, { limit: 1 })
      case 'commit':
        return this.#commit(this.#transactions++, 'doing')
      case 'derive':
        return this.#commit(this.#transactions++, 'done')
      default:
        return work satisfies never
    }
  }

  /**
   * Every other request creates a task, and the next one changes it. The board’s trigger adds a transaction to a
   * finished task.
   */
  #commit(number: number, status: string): string {
    const creates = number % 2 === 0
    if (creates) this.#made = this.#newId()
    const change = creates
      ? { _class: 'core:class:TxCreateDoc', attributes: taskAttributes(number) }
      : { _class: 'core:class:TxUpdateDoc', operations: { status, $inc: { votes: 0 } } }
    const tx = {
      _id: this.#newId(),
      space: 'core:space:Tx',
      objectSpace: projectId(0),
      objectClass: 'board:class:Task',
      objectId: this.#made,
      modifiedBy: this.#author,
      modifiedOn: 0,
      ...change,
    }
    return `"method":"tx","params":[${JSON.stringify(tx)}]`
  }
}

function any(count: number): number {
  return Math.floor(Math.random() * count)
}

function find(query: object, options: object): string {
  return `"method":"findAll","params":["board:class:Task",${JSON.stringify(query)},${JSON.stringify(options)}]`
}

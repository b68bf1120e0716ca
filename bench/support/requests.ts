import { randomBytes } from 'node:crypto'
import { AUTHOR, projectId, taskAttributes, taskId } from './tasks.ts'

/** What a client asks for, over and over. */
export type Work = 'ping' | 'find' | 'get' | 'commit'

/** Makes the requests of one client. */
export class Requests {
  readonly #run = randomBytes(6).toString('hex')
  #transactions = 0

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
        return commit(this.#run, this.#transactions++)
      default:
        return work satisfies never
    }
  }
}

function any(count: number): number {
  return Math.floor(Math.random() * count)
}

function find(query: object, options: object): string {
  return `"method":"findAll","params":["board:class:Task",${JSON.stringify(query)},${JSON.stringify(options)}]`
}

/** Every other one makes a task, the next one changes it. */
function commit(run: string, number: number): string {
  const even = number % 2 === 0
  const change = even
    ? { _class: 'core:class:TxCreateDoc', attributes: taskAttributes(number) }
    : { _class: 'core:class:TxUpdateDoc', operations: { status: 'done', $inc: { comments: 0 } } }
  const tx = {
    _id: `${run}${number.toString(16).padStart(12, '0')}`,
    space: 'core:space:Tx',
    objectSpace: projectId(0),
    objectClass: 'board:class:Task',
    objectId: `${run}${(even ? number : number - 1).toString(16).padStart(11, '0')}d`,
    modifiedBy: AUTHOR,
    modifiedOn: 0,
    ...change,
  }
  return `"method":"tx","params":[${JSON.stringify(tx)}]`
}

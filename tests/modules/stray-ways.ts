// Ways in which code leaves an error to nobody.
import { EventEmitter } from 'node:events'
import { readFile } from 'node:fs'
import { connect } from 'node:net'
import { board } from '../../examples/board/model.ts'
import type { AsyncContext } from '../../pipeline/modules/trigger.ts'

export const fail = (): never => {
  throw new Error('left to nobody')
}
export const failLater = async (): Promise<never> => {
  await Promise.resolve()
  return fail()
}

/** Milliseconds. By then the effects of the run are committed. */
const LATE = 300

/** By the title of a task. */
export const ways: Record<string, (context: AsyncContext | undefined) => unknown> = {
  rejection: () => void Promise.reject(new Error('left to nobody')),
  nested: () => void Promise.all([failLater(), failLater()]).then(() => 1),
  constant: () => {
    // Applications do this.
    // oxlint-disable-next-line prefer-promise-reject-errors
    void Promise.reject('left to nobody')
  },
  timer: () => setTimeout(fail, 1),
  late: () => setTimeout(fail, LATE),
  immediate: () => setImmediate(fail),
  tick: () => process.nextTick(fail),
  microtask: () => queueMicrotask(fail),
  'async-timer': () => setTimeout(() => void failLater(), 1),
  emitter: () => {
    const emitter = new EventEmitter()
    setTimeout(() => emitter.emit('error', new Error('left to nobody')), 1)
  },
  socket: () => connect(1, '127.0.0.1'),
  callback: () => readFile('/nowhere', fail),
  read: (context) => void context?.findAll(board.class.Task, { $nothing: 1 }),
  abort: (context) => context?.signal.addEventListener('abort', fail),
}

// A module of an application whose trigger leaves an error to nobody, in the way that the title of the task names.
import { EventEmitter } from 'node:events'
import { readFile } from 'node:fs'
import { connect } from 'node:net'
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'
import type { AsyncContext } from '../../pipeline/modules/trigger.ts'

const fail = (): never => {
  throw new Error('left to nobody')
}
const failLater = async (): Promise<never> => {
  await Promise.resolve()
  return fail()
}

/** Milliseconds. By then the effects of the run are committed. */
const LATE = 300

const ways: Record<string, (context: AsyncContext) => unknown> = {
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
  'async-timer': () => setTimeout(failLater, 1),
  emitter: () => {
    const emitter = new EventEmitter()
    setTimeout(() => emitter.emit('error', new Error('left to nobody')), 1)
  },
  socket: () => connect(1, '127.0.0.1'),
  callback: () => readFile('/nowhere', fail),
  read: ({ findAll }) => void findAll(board.class.Task, { $nothing: 1 }),
  abort: ({ signal }) => signal.addEventListener('abort', fail),
}

/** The names of the ways. */
export const strayWays = Object.keys(ways).filter((way) => way !== 'late')

if (process.env['STRAY_AT_IMPORT'] === '1') setTimeout(fail, 1)

const stray: AtriumModule = {
  name: 'stray',
  model: [],
  triggers: [
    {
      kind: 'async',
      name: 'leave',
      on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
      retry: { attempts: 1 },
      timeout: '50ms',
      run: async (context, { objectId }) => {
        const task = await context.get(board.class.Task, objectId)
        const [way = '', when] = task?.title.split(' ') ?? []
        ways[way]?.(context)
        // Otherwise the run has ended before the error.
        if (when !== 'after' && way in ways) await new Promise(() => undefined)
        if (way === 'ends') setTimeout(() => process.exit(7), 1)
        return task === undefined
          ? []
          : [context.bySystem.attach(task, 'comments', board.class.Comment, { message: task.title })]
      },
    },
  ],
}

export default stray

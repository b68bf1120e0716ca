// A module of an application whose trigger leaves an error to nobody, in the way that the title of the task names.
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'
import { fail, ways } from './stray-ways.ts'

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

// A module of an application: it adds one remark to each new task. With `HOLD=1` its trigger never ends, with
// `CONCURRENCY=8` it runs so often at once.
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'

const noting: AtriumModule = {
  name: 'noting',
  model: [],
  triggers: [
    {
      kind: 'async',
      name: 'note',
      concurrency: Number(process.env['CONCURRENCY'] ?? 1),
      on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
      run: async ({ bySystem, get }, { objectId }) => {
        if (process.env['HOLD'] === '1') await new Promise(() => undefined)
        const task = await get(board.class.Task, objectId)
        if (task === undefined) return []
        return [bySystem.attach(task, 'comments', board.class.Comment, { message: task._id })]
      },
    },
  ],
}

export default noting

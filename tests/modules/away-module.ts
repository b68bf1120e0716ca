// A module of an application whose trigger calls a service, which is away while the title of the task says so.
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import { Permanent } from '../../model/retry-errors.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'

const away: AtriumModule = {
  name: 'away',
  model: [],
  triggers: [
    {
      kind: 'async',
      name: 'call',
      on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
      retry: { first: '1h' },
      run: async ({ bySystem, get }, { objectId }) => {
        const task = await get(board.class.Task, objectId)
        if (task === undefined) return []
        if (task.title === 'refused') throw new Permanent('the service refuses it')
        if (task.title === 'away') throw new Error('the service is away')
        return [bySystem.attach(task, 'comments', board.class.Comment, { message: task.title })]
      },
    },
  ],
}

export default away

// A module whose asynchronous trigger adds a comment to each new task.
import { board } from '../examples/board/model.ts'
import { core } from '../model/identifiers.ts'
import type { AtriumModule } from '../pipeline/modules/module.ts'

const effects: AtriumModule = {
  name: 'effects',
  model: [],
  triggers: [
    {
      kind: 'async',
      name: 'comment',
      on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
      run: ({ bySystem }, { objectId, objectSpace }) => [
        bySystem.attach(
          { _id: objectId, _class: board.class.Task, space: objectSpace },
          'comments',
          board.class.Comment,
          { message: 'x' },
        ),
      ],
    },
  ],
}

export default effects

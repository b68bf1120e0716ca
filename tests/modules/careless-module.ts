// A module of an application with two mistakes: it waits for ever for some tasks, and changes others that it was given.
import { board, type Task } from '../../examples/board/model.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'

const careless: AtriumModule = {
  name: 'careless',
  model: [],
  triggers: [
    {
      kind: 'sync',
      name: 'mistaken',
      on: { classes: [board.class.Task] },
      run: async ({ after }) => {
        const task = after as Task | undefined
        if (task?.title === 'hang') await new Promise(() => undefined)
        if (task?.title === 'change') task.title = 'changed'
        return []
      },
    },
  ],
}

export default careless

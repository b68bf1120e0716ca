// The classes of the board, and a migration that changes every task.
import { board, type Task } from '../examples/board/model.ts'
import { boardModel } from '../examples/board/model.ts'
import { type AtriumModule, migration } from '../pipeline/modules/module.ts'

const migrating: AtriumModule = {
  name: 'migrating',
  model: boardModel,
  migrations: [
    migration<Task>({
      name: 'vote',
      each: { class: board.class.Task },
      run: (task, { factory }) => [factory.update(task, { votes: (task.votes ?? 0) + 1 })],
    }),
  ],
}

export default migrating

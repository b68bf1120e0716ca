// A module of an application: its migration votes once for each task. With `HOLD_AT` it never ends at that task.
import { board, type Task } from '../../examples/board/model.ts'
import { type AtriumModule, migration } from '../../pipeline/modules/module.ts'

let step: (task: string) => Promise<void> = async (task) => {
  if (process.env['HOLD_AT'] === task) await new Promise(() => undefined)
}

/** Called before each task, in the process of the test. */
export function beforeEachTask(wait: (task: string) => Promise<void>): void {
  step = wait
}

const migrating: AtriumModule = {
  name: 'migrating',
  model: [],
  migrations: [
    migration<Task>({
      name: 'vote',
      each: { class: board.class.Task },
      batch: 1,
      run: async (task, { factory }) => {
        await step(task._id)
        return [factory.update(task, { $inc: { votes: 1 } })]
      },
    }),
  ],
}

export default migrating

import type { Migration } from '../../pipeline/modules/module.ts'
import { board } from './model.ts'

/** Tasks changed in one commit. */
const BATCH = 500

/** Tasks that were finished before the board kept when: the last change is the best guess. */
export const addDoneOn: Migration = {
  name: 'add-done-on',
  run: async ({ factory, findAll, commit }) => {
    for (;;) {
      const query = { status: 'done', doneOn: { $exists: false } } as const
      const tasks = await findAll(board.class.Task, query, { limit: BATCH })
      const changes = tasks.map((task) => factory.update(task, { doneOn: task.modifiedOn }))
      if (tasks.length < BATCH) return changes
      await commit(changes)
    }
  },
}

import type { AtriumModule } from '../../pipeline/modules/module.ts'
import { boardDemo } from './demo.ts'
import { archiveDone, exportTasks } from './methods.ts'
import { addDoneOn } from './migrations.ts'
import { boardModel } from './model.ts'
import { doneOn, notifyAssignee } from './triggers.ts'

/** Projects, tasks, comments: an example of a module. */
const board: AtriumModule = {
  name: 'board',
  model: boardModel,
  demo: boardDemo,
  triggers: [doneOn, notifyAssignee],
  migrations: [addDoneOn],
  methods: { archiveDone, exportTasks },
}

export default board

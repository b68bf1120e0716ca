import type { AtriumModule } from '../../pipeline/module.ts'
import { boardDemo } from './demo.ts'
import { boardModel } from './model.ts'

/** Projects, tasks, comments: an example of a module. */
const board: AtriumModule = { name: 'board', model: boardModel, demo: boardDemo }

export default board

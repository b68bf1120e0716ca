// A module whose synchronous trigger does nothing: what remains is the cost of running it.
import { board } from '../examples/board/model.ts'
import type { AtriumModule } from '../pipeline/modules/module.ts'

const noop: AtriumModule = {
  name: 'noop',
  model: [],
  triggers: [{ kind: 'sync', name: 'nothing', on: { classes: [board.class.Task] }, run: () => [] }],
}

export default noop

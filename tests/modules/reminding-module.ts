// A module of an application: a job adds one remark to each new task, at once but in a commit of its own.
import { board } from '../../examples/board/model.ts'
import { core } from '../../model/identifiers.ts'
import type { Ref } from '../../model/documents.ts'
import { z } from 'zod'
import { job } from '../../pipeline/modules/job.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'

const reminding: AtriumModule = {
  name: 'reminding',
  model: [],
  triggers: [
    {
      kind: 'sync',
      name: 'later',
      on: { classes: [board.class.Task], transactions: [core.class.TxCreateDoc] },
      run: ({ after, runAfter }) => [runAfter(0, 'remark', { task: after?._id })],
    },
  ],
  jobs: {
    remark: job({
      params: z.object({ task: z.string() }),
      run: async ({ bySystem, get }, params) => {
        const task = await get(board.class.Task, params.task as Ref)
        if (task === undefined) return []
        return [bySystem.attach(task, 'comments', board.class.Comment, { message: task._id })]
      },
    }),
  },
}

export default reminding

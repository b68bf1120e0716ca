// A module of an application: its method adds a task with the title that it is given, and kills the server if told so.
import { z } from 'zod'
import { board } from '../../examples/board/model.ts'
import type { Ref } from '../../model/documents.ts'
import { type AtriumModule, serviceMethod } from '../../pipeline/modules/module.ts'
import { PROJECT } from './transactions.ts'

const add = serviceMethod({
  params: z.tuple([z.string(), z.boolean()]),
  run: async ({ commit, factory }, [title, isLast]) => {
    await commit([factory.create(board.class.Task, PROJECT as Ref<never>, { title })])
    if (isLast && process.env['LIVES'] !== '1') process.kill(process.pid, 'SIGKILL')
    return { title }
  },
})

const calls: AtriumModule = { name: 'calls', model: [], methods: { add } }

export default calls

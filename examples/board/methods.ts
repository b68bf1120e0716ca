import { z } from 'zod'
import type { Ref, Space } from '../../model/documents.ts'
import { serviceMethod } from '../../pipeline/modules/module.ts'
import { board } from './model.ts'

/** Tasks archived by one call at most. */
const MOST = 1000

/**
 * `board.archiveDone`, `{project}` -> `{archived, more}`: puts away the finished tasks of a project, all of them
 * or, where somebody may not, none. `more`: there are others, for another call.
 */
export const archiveDone = serviceMethod({
  params: z.tuple([z.object({ project: z.string().min(1).max(512) })]).rest(z.unknown()),
  run: async ({ factory, findAll, commit }, [{ project }]) => {
    const query = { space: project as Ref<Space>, status: 'done', archived: { $ne: true } }
    const tasks = await findAll(board.class.Task, query, { limit: MOST + 1 })
    const archived = tasks.slice(0, MOST)
    await commit(archived.map((task) => factory.update(task, { archived: true })))
    return { archived: archived.length, more: tasks.length > MOST }
  },
})

/** Tasks read at once by an export. */
const PAGE = 500

/** `board.exportTasks`, `{project}`: streams title and status of each task of a project. */
export const exportTasks = serviceMethod({
  params: z.tuple([z.object({ project: z.string().min(1).max(512) })]).rest(z.unknown()),
  run: async function* ({ findAll }, [{ project }]) {
    // The first id in any order of ids.
    let last = '' as Ref
    for (;;) {
      const query = { space: project as Ref<Space>, _id: { $gt: last } }
      const tasks = await findAll(board.class.Task, query, { limit: PAGE, sort: { _id: 1 } })
      for (const { title, status } of tasks) yield { title, status }
      if (tasks.length < PAGE) return
      last = tasks.at(-1)?._id ?? last
    }
  },
})

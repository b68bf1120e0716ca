import { planFind } from '../../model/query/plan-find.ts'
import type { Ref, Class } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Handlers } from '../middleware.ts'
import type { Workspace } from '../workspace.ts'

/** Hits a search answers with at most, where the caller says nothing. */
const DEFAULT_SEARCH_LIMIT = 200

/** The innermost handlers: the commit queue, storage and the model themselves. */
export function workspaceHandlers(workspace: Workspace): Handlers {
  const { model, storage } = workspace
  return {
    tx: workspace.commit,

    find: async (_caller, { _class, query, options, encoded }) => {
      const plan = planFind(model.hierarchy, _class, query, options)
      return encoded === undefined ? await storage.find(plan) : await storage.findEncoded(plan, encoded)
    },

    searchFulltext: async (_caller, { query, classes, spaces }, { limit = DEFAULT_SEARCH_LIMIT }) => {
      const concrete = classes?.flatMap((_class) => descendants(workspace, _class))
      const hits = await storage.search({ text: query, classes: concrete, spaces, limit })
      const docs = hits.map(({ id, _class, title, score }) => {
        const hit = { id, doc: { _id: id, _class }, score }
        return title === undefined ? hit : { ...hit, title }
      })
      return { docs, total: docs.length }
    },

    loadModel: (_caller, lastTxTime, hash) =>
      Promise.resolve(hash === undefined ? model.newerThan(lastTxTime) : model.after(hash)),
  }
}

function descendants({ model }: Workspace, _class: Ref<Class>): string[] {
  if (model.hierarchy.findClass(_class) === undefined)
    throw new StatusError('core:status:UnknownClass', { _class })
  return [...model.hierarchy.descendants(_class)]
}

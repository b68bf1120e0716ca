import type { Ref, Class } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import type { Handlers } from '../workspace/middleware.ts'
import { allParts } from '../../storage/shared/encode.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { plannedBy } from './plan-queries.ts'

/** Default limit of search hits. */
const DEFAULT_SEARCH_LIMIT = 200

/** The innermost handlers: the commit queue, storage and the model. */
export function workspaceHandlers(workspace: Workspace): Handlers {
  const { model, permissions, storage } = workspace
  return {
    tx: workspace.commit,

    find: async (_caller, request) => {
      const plan = plannedBy(request)
      const { encoded, isConsistent = false } = request
      if (encoded === undefined) return await storage.find(plan)
      const found = await storage.findEncoded(plan, encoded)
      if (!isConsistent || found.rest?.isSnapshot !== false) return found
      // Read to the end while no commit runs: a later part would be of another moment.
      return { parts: await allParts(found), total: found.total }
    },

    searchFulltext: async (caller, { query, classes, spaces }, options) => {
      const { limit = DEFAULT_SEARCH_LIMIT, prefix } = options
      const concrete = classes?.flatMap((_class) => descendants(workspace, _class))
      const visible = permissions.searchable(caller)
      const request = { text: query, prefix, classes: concrete, spaces, visible, limit }
      const hits = await storage.search(request)
      const docs = hits.map(({ id, _class, title, score, highlights }) => {
        const found = { id, doc: { _id: id, _class }, highlights }
        // The score depends on how many documents contain a word, including those that the caller does not see.
        const hit = visible === undefined ? { ...found, score } : found
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

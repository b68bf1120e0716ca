import { Hono, type HonoRequest } from 'hono'
import { StatusError } from '../../model/status.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'

/** Dead letters in one response. */
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** Works inside a workspace, which opens for it. @throws StatusError WorkspaceNotFound */
export type Visit = <T>(workspace: string, work: (pipeline: Pipeline) => Promise<T>) => Promise<T>

/**
 * Routes under `/api/v1` for the asynchronous triggers of a workspace.
 * @param admin rejects unless the request is that of an administrator
 */
export function triggerRoutes(visit: Visit, admin: (request: HonoRequest) => Promise<void>): Hono {
  const app = new Hono()
  app.get('/workspaces/:id/triggers', async ({ req, json }) => {
    await admin(req)
    return json(await visit(req.param('id'), async ({ triggers }) => await triggers.triggers()))
  })
  app.get('/workspaces/:id/dead-letters', async ({ req, json }) => {
    await admin(req)
    const [trigger, limit] = [req.query('trigger'), limitOf(req.query('limit'))]
    const found = await visit(
      req.param('id'),
      async ({ triggers }) => await triggers.deadLetters(trigger, limit),
    )
    return json(found)
  })
  app.get('/workspaces/:id/dead-letters/:letter', async ({ req, json }) => {
    await admin(req)
    const letter = req.param('letter')
    return json(await visit(req.param('id'), async ({ triggers }) => await triggers.deadLetter(letter)))
  })
  app.put('/workspaces/:id/dead-letters/redrive', async ({ req, json }) => {
    await admin(req)
    const target = req.query('target')
    if (target === undefined)
      throw new StatusError('platform:status:BadRequest', { message: 'target: a trigger or a dead letter' })
    const redriven = await visit(req.param('id'), async ({ triggers }) => await triggers.redrive(target))
    return json({ redriven })
  })
  return app
}

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? DEFAULT_LIMIT)
  if (Number.isInteger(limit) && limit > 0 && limit <= MAX_LIMIT) return limit
  throw new StatusError('platform:status:BadRequest', { message: `limit: a number from 1 to ${MAX_LIMIT}` })
}

import { Hono, type HonoRequest } from 'hono'
import { StatusError } from '../../model/status.ts'
import { triggerRoutes, type Visit } from './trigger-routes.ts'
import type { Token } from '../auth/tokens.ts'

/** The operations of an administrator. */
export interface Administration {
  totals: () => object
  /** Statistics in the shape of the old admin page, with sessions for administrators only. */
  oldStatistics: (admin: boolean) => object
  workspaces: () => object
  /** `undefined`: no such workspace is open. */
  sessions: (workspace: string) => object | undefined
  closeSession: (workspace: string, session: string) => boolean
  /** `drain`: the server stops at the end of the announced time. */
  maintenance: (minutes: number, options: { message: string | undefined; drain: boolean }) => void
  cancelMaintenance: () => void
  forceClose: (workspace: string) => Promise<boolean>
  wipeStatistics: () => void
  /** Works inside a workspace, which opens for it. */
  visit: Visit
  /** Stops the process gracefully, after the response. */
  reboot: () => void
}

/** Default and maximum minutes of a maintenance warning. */
const DEFAULT_MAINTENANCE = 5
const MAX_MAINTENANCE = 24 * 60

type Operation = (
  administration: Administration,
  query: (name: string) => string | undefined,
) => Promise<object> | object

/** The allowed values of `operation`. */
const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['maintenance', maintenance],
  ['cancel-maintenance', (administration) => (administration.cancelMaintenance(), {})],
  ['force-close', forceClose],
  ['wipe-statistics', (administration) => (administration.wipeStatistics(), {})],
  ['reboot', (administration) => (administration.reboot(), {})],
])

/** Routes under `/api/v1` that require a token. */
export function adminRoutes(
  administration: Administration,
  tokenOf: (request: HonoRequest) => Promise<Token>,
): Hono {
  const app = new Hono()
  const admin = async (request: HonoRequest): Promise<void> => {
    if (!(await tokenOf(request)).admin)
      throw new StatusError('platform:status:Forbidden', { message: 'administrators only' })
  }
  app.get('/statistics', async ({ req, json }) => {
    const token = await tokenOf(req)
    const format = req.query('format')
    if (format === '1') return json(administration.oldStatistics(token.admin))
    if (format !== undefined)
      throw new StatusError('platform:status:BadRequest', { message: 'format: 1, or left out' })
    return json({
      ...administration.totals(),
      ...(token.admin ? { workspaces: administration.workspaces(), admin: true } : {}),
    })
  })
  app.put('/manage', async ({ req, json }) => {
    await admin(req)
    const name = req.query('operation') ?? ''
    const operation = operations.get(name)
    if (operation === undefined) {
      const { status } = new StatusError('platform:status:UnknownMethod', { method: name })
      return json({ error: status, allowed: [...operations.keys()] }, 404)
    }
    return json(await operation(administration, (key) => req.query(key)))
  })
  app.get('/workspaces', async ({ req, json }) => {
    await admin(req)
    return json(administration.workspaces())
  })
  app.get('/workspaces/:id/sessions', async ({ req, json }) => {
    await admin(req)
    return json(found(administration.sessions(req.param('id')), req.param('id')))
  })
  app.delete('/workspaces/:id/sessions/:session', async ({ req, json }) => {
    await admin(req)
    const session = req.param('session')
    if (!administration.closeSession(req.param('id'), session))
      throw new StatusError('core:status:ObjectNotFound', { _id: session })
    return json({})
  })
  app.route('/', triggerRoutes(administration.visit, admin))
  return app
}

function maintenance(administration: Administration, query: (name: string) => string | undefined): object {
  const minutes = Number(query('timeout') ?? DEFAULT_MAINTENANCE)
  if (!(minutes > 0 && minutes <= MAX_MAINTENANCE)) {
    throw new StatusError('platform:status:BadRequest', {
      message: `timeout: minutes from 1 to ${MAX_MAINTENANCE}`,
    })
  }
  administration.maintenance(minutes, { message: query('message'), drain: query('drain') === 'true' })
  return { minutes }
}

async function forceClose(
  administration: Administration,
  query: (name: string) => string | undefined,
): Promise<object> {
  const workspace = query('wsId')
  if (workspace === undefined)
    throw new StatusError('platform:status:BadRequest', { message: 'wsId is missing' })
  return { closed: await administration.forceClose(workspace) }
}

function found<T>(value: T | undefined, workspace: string): T {
  if (value === undefined) throw new StatusError('platform:status:WorkspaceNotFound', { workspace })
  return value
}

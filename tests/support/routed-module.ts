import { z } from 'zod'
import { board } from '../../examples/board/model.ts'
import type { Ref, Space } from '../../model/documents.ts'
import { StatusError } from '../../model/status.ts'
import { type ModuleRoute, moduleRoute } from '../../pipeline/modules/route.ts'
import { gate } from './gate.ts'

let held = gate()
let count = 0

/** Requests of `/held` wait from now on. */
export function holdRoutes(): { reached: Promise<void>; open: () => void } {
  held = gate()
  return held
}

const create = moduleRoute({
  method: 'POST',
  path: '/tasks/:space',
  body: z.object({ title: z.string() }),
  run: async ({ caller, commit, factory }, { params, body, answer }) => {
    const tx = factory.create(board.class.Task, params['space'] as Ref<Space>, { title: body.title })
    await commit([tx])
    return answer(
      201,
      { id: tx.objectId, by: caller.account, run: (count += 1) },
      { location: `/tasks/${tx.objectId}` },
    )
  },
})

const list = moduleRoute({
  method: 'GET',
  path: '/tasks/:space',
  query: z.object({ limit: z.coerce.number().int().max(10) }),
  run: async ({ findAll }, { params, query }) => {
    const tasks = await findAll(
      board.class.Task,
      { space: params['space'] as Ref<Space> },
      { limit: query.limit },
    )
    return tasks.map(({ title }) => title)
  },
})

const hook = moduleRoute({
  method: 'POST',
  path: '/hook',
  public: true,
  run: ({ caller }, { headers, text, answer }) => {
    if (headers['x-signature'] !== String(text.length)) return answer(401, { wrong: 'signature' })
    return { by: caller.account, text }
  },
})

const plain = (path: string, run: ModuleRoute['run']): ModuleRoute => ({ method: 'GET', path, run })

/** A module with HTTP routes. */
export default {
  name: 'routed',
  model: [],
  routes: [
    create,
    list,
    hook,
    plain('/page', (_call, { answer }) => answer(200, '<p>x</p>', { 'content-type': 'text/html' })),
    plain('/empty', (_call, { answer }) => answer(204)),
    plain('/fault', () => {
      throw new TypeError('a fault')
    }),
    plain('/refused', () => {
      throw new StatusError('core:status:ObjectNotFound', { _id: 'x' })
    }),
    plain('/odd', () => ({ at: new Date(0) })),
    plain('/status', (_call, { answer }) => answer(42)),
    plain('/held', async () => {
      await held.pass()
      return 'held'
    }),
    { ...plain('/brief', () => new Promise(() => undefined)), timeout: 30 },
  ],
}

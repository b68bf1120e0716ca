import { describe, expect, test } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import type { Flags } from '../../server/configuration/configuration.ts'
import { expectFor } from '../support/expecting.ts'
import { RawClient } from '../support/raw-client.ts'
import { holdRoutes } from '../support/routed-module.ts'
import { TEST_SPACES, testServer } from '../support/test-server.ts'

const ROUTED = fileURLToPath(new URL('../support/routed-module.js', import.meta.url))
const SPACE = 'board:project:test'

async function routedServer(flags: Flags = {}) {
  const made = await testServer({ modules: `board,${TEST_SPACES},${ROUTED}`, ...flags })
  const ask = async (
    method: string,
    path: string,
    options: { as?: string; body?: string; headers?: object } = {},
  ) => {
    const { as, body, headers } = options
    const authorization = as === undefined ? {} : { authorization: `Bearer ${as}` }
    const response = await fetch(`${made.server.url}/api/v1/${path}`, {
      method,
      headers: { ...authorization, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    }
  }
  return { ...made, ask, ann: made.token('ann') }
}

const coded = (body: unknown) => (body as { error: { code: string } }).error.code

describe('routes of modules', () => {
  test('MOD-98: a route runs as the account of its token, with checked query and body, and answers what its module says', async () => {
    const { ask, ann, token, log } = await routedServer()
    const made = await ask('POST', `w1/x/routed/tasks/${SPACE}`, { as: ann, body: '{"title": "by HTTP"}' })
    expect([made.status, made.body]).toMatchObject([201, { by: 'account:ann' }])
    expect(made.headers.get('location')).toBe(`/tasks/${(made.body as { id: string }).id}`)
    const listed = await ask('GET', `w1/x/routed/tasks/${SPACE}?limit=5&token=${token('bob')}`)
    expect([listed.status, listed.body]).toStrictEqual([200, ['by HTTP']])
    const page = await ask('GET', 'w1/x/routed/page', { as: ann })
    expect([page.body, page.headers.get('content-type')]).toStrictEqual(['<p>x</p>', 'text/html'])
    expect((await ask('GET', 'w1/x/routed/empty', { as: ann })).status).toBe(204)
    for (const [path, status, code, as] of [
      [`tasks/${SPACE}?limit=50`, 400, 'platform:status:BadRequest', ann],
      [`tasks/${SPACE}`, 400, 'platform:status:BadRequest', ann],
      [`tasks/${SPACE}?limit=5`, 401, 'platform:status:Unauthorized', undefined],
      [`tasks/${SPACE}?limit=5`, 401, 'platform:status:Unauthorized', 'forged'],
      [`tasks/${SPACE}?limit=5`, 403, 'platform:status:Forbidden', token('ann', 'w2')],
      ['refused', 404, 'core:status:ObjectNotFound', ann],
      ['nothing', 404, 'platform:status:UnknownMethod', ann],
      ['brief', 504, 'platform:status:Timeout', ann],
      ['odd', 500, 'platform:status:InvalidResult', ann],
      ['status', 500, 'platform:status:InvalidResult', ann],
      ['fault', 500, 'platform:status:InternalServerError', ann],
    ] as const) {
      const answer = await ask('GET', `w1/x/routed/${path}`, as === undefined ? {} : { as })
      expectFor(path, [answer.status, coded(answer.body)]).toStrictEqual([status, code])
    }
    expect(log.lines.at(-1)).toMatchObject({
      fields: { method: 'routed GET /fault', workspace: 'w1', caller: 'ann' },
    })
    for (const body of ['', '{', '{"title": 5}', '[]']) {
      const answer = await ask('POST', `w1/x/routed/tasks/${SPACE}`, { as: ann, body })
      expectFor(body, answer.status).toBe(400)
    }
  })

  test('MOD-98: a request with an Idempotency-Key runs once', async () => {
    const { ask, ann, token } = await routedServer()
    const post = async (key: string, title: string, as = ann) =>
      await ask('POST', `w1/x/routed/tasks/${SPACE}`, {
        as,
        body: JSON.stringify({ title }),
        headers: { 'idempotency-key': key },
      })
    const first = await post('k', 'once')
    expect(await post('k', 'once').then(({ status, body }) => [status, body])).toStrictEqual([
      201,
      first.body,
    ])
    expect((await post('k', 'other')).status).toBe(400)
    expect((await post('k', 'once', token('bob'))).body).not.toStrictEqual(first.body)
    expect((await post('x'.repeat(129), 'once')).status).toBe(400)
  })

  test('MOD-99: a public route needs no token, runs as the system, and serves existing workspaces only', async () => {
    const { ask, url, ann, server } = await routedServer()
    const session = await RawClient.open(url, ann)
    const body = 'signed text'
    const signed = { body, headers: { 'x-signature': String(body.length) } }
    const answer = await ask('POST', 'w1/x/routed/hook', signed)
    expect(answer.body).toStrictEqual({ by: 'core:account:System', text: body })
    expect((await ask('POST', 'w1/x/routed/hook', { body })).status).toBe(401)
    for (const workspace of ['unknown', 'atrium:accounts', '%20']) {
      const refused = await ask('POST', `${workspace}/x/routed/hook`, signed)
      expectFor(workspace, [refused.status, coded(refused.body)]).toStrictEqual([
        404,
        'platform:status:WorkspaceNotFound',
      ])
    }
    expect(server.inspect().workspaces).toBe(1)
    await session.close()
  })

  test('MOD-99: requests to routes are limited in size, in number at once, and with the rate of their account', async () => {
    const { ask, ann, token, url } = await routedServer({
      routeBody: '1000',
      concurrentRoutes: '1',
      accountRequests: '6',
    })
    const session = await RawClient.open(url, token('bob'))
    const large = await ask('POST', `w1/x/routed/tasks/${SPACE}`, { as: ann, body: 'x'.repeat(1001) })
    expect([large.status, coded(large.body)]).toStrictEqual([413, 'platform:status:TooLarge'])
    const { reached, open } = holdRoutes()
    const held = ask('GET', 'w1/x/routed/held', { as: ann })
    await reached
    const second = async (): Promise<string> => {
      const { status, body } = await ask('GET', 'w1/x/routed/held', { as: token('carl') })
      return `${status} ${coded(body)}`
    }
    expect(await second()).toBe('429 platform:status:LimitReached')
    expect(await session.request('ping')).toBe('pong!')
    open()
    expect((await held).body).toBe('held')
    let last = 200
    for (let at = 0; at < 6 && last === 200; at++)
      last = (await ask('GET', 'w1/x/routed/held', { as: ann })).status
    expect(last).toBe(429)
    await session.close()
  })
})

import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import jwt from 'jsonwebtoken'
import { systemClock } from '../../model/clock.ts'
import { RawClient } from '../support/raw-client.ts'
import { assertCoded, assertTellsNothing, disturbed } from '../support/bystander.ts'
import { TEST_SECRET } from '../support/test-server.ts'
import { expectFor } from '../support/expecting.ts'

const claims = { email: 'ann', workspace: 'w1' }
const hour = 3600

function badTokens(): [string, string][] {
  const now = Math.floor(systemClock.now() / 1000)
  const good = jwt.sign(claims, TEST_SECRET)
  const [head = '', body = '', signature = ''] = good.split('.')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return [
    ['with another secret', jwt.sign(claims, 'another secret')],
    ['with an empty secret', `${head}.${body}.`],
    ['expired', jwt.sign({ ...claims, exp: now - hour }, TEST_SECRET)],
    ['not valid yet', jwt.sign({ ...claims, nbf: now + hour }, TEST_SECRET)],
    ['for no workspace', jwt.sign({ email: 'ann' }, TEST_SECRET)],
    ['for an empty workspace', jwt.sign({ ...claims, workspace: '' }, TEST_SECRET)],
    [
      'for a workspace of the server’s own',
      jwt.sign({ ...claims, workspace: 'atrium:accounts' }, TEST_SECRET),
    ],
    ['of nobody', jwt.sign({ workspace: 'w1' }, TEST_SECRET)],
    ['with an invalid email', jwt.sign({ ...claims, email: { $ne: '' } }, TEST_SECRET)],
    ['alg none', `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`],
    ['alg none, signed', `${encode({ alg: 'none', typ: 'JWT' })}.${body}.${signature}`],
    ['another algorithm', jwt.sign(claims, TEST_SECRET, { algorithm: 'HS512' })],
    ['with other claims', `${head}.${encode({ ...claims, admin: 'true' })}.${signature}`],
    ['text', jwt.sign('ann', TEST_SECRET)],
    ['a path', '../../etc/passwd'],
    ['nothing', ''],
  ]
}

describe('bad tokens', () => {
  test('WIRE-120: a token that is forged, expired or for no workspace gets Unauthorized and no session', async () => {
    const { url, assertUnnoticed } = await disturbed()
    for (const [what, token] of badTokens()) {
      const client = new RawClient(url, token)
      await once(client.socket, 'open')
      client.send({ method: 'hello', params: [], id: -1 })
      client.send({ method: 'findAll', params: ['core:class:Account', {}], id: 1 })
      await client.wait(() => client.frames.length === 3)
      const [hello, ...others] = client.frames
      expectFor(what, hello?.result).toBe('hello')
      for (const frame of client.frames) assertCoded(frame, 'platform:status:Unauthorized')
      expectFor(
        what,
        others.every((frame) => !('result' in frame)),
      ).toBe(true)
      expectFor(what, (await client.waitForClose()).code).toBe(4100)
    }
    await assertUnnoticed()
  })

  test('WIRE-121: over HTTP a bad token is 401, a missing right 403 and an unknown operation 404, each with a code', async () => {
    const { server, token, assertUnnoticed } = await disturbed()
    const call = async (method: string, path: string, bearer: string): Promise<[number, string]> => {
      const headers = { authorization: `Bearer ${bearer}` }
      const answer = await fetch(`${server.url}${path}`, { method, headers })
      const text = await answer.text()
      assertTellsNothing(text)
      return [answer.status, text]
    }
    for (const [, bad] of badTokens().filter(([what]) => !what.startsWith('for'))) {
      const [status, text] = await call('GET', '/api/v1/statistics', encodeURIComponent(bad))
      expect(status).toBe(401)
      expect(text).toMatch(/platform:status:Unauthorized/)
    }
    const [forbidden, why] = await call('PUT', '/api/v1/manage?operation=wipe-statistics', token('eve'))
    expect(forbidden).toBe(403)
    expect(why).toMatch(/platform:status:Forbidden/)
    const admin = token('root', 'w1', { admin: 'true' })
    for (const operation of ['', 'nope', 'constructor', '__proto__', 'toString']) {
      const [unknown, text] = await call('PUT', `/api/v1/manage?operation=${operation}`, admin)
      expect(unknown).toBe(404)
      expect(text).toMatch(/platform:status:UnknownMethod/)
    }
    for (const timeout of ['0', '-1', 'soon', '1e9', 'NaN']) {
      const [wrong, text] = await call(
        'PUT',
        `/api/v1/manage?operation=maintenance&timeout=${timeout}`,
        admin,
      )
      expect(wrong).toBe(400)
      expect(text).toMatch(/platform:status:BadRequest/)
    }
    for (const [method, path, code] of [
      ['GET', '/..%2f..%2fetc/passwd', 'platform:status:UnknownMethod'],
      ['POST', '/health', 'platform:status:UnknownMethod'],
      ['GET', '/api/v1/workspaces/none/sessions', 'platform:status:WorkspaceNotFound'],
      ['DELETE', '/api/v1/workspaces/none/sessions/s1', 'core:status:ObjectNotFound'],
    ] as const) {
      const [missing, text] = await call(method, path, admin)
      expect([missing, (JSON.parse(text) as { error: { code: string } }).error.code]).toStrictEqual([
        404,
        code,
      ])
    }
    await assertUnnoticed()
  })
})

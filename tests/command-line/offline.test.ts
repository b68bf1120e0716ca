import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import jwt from 'jsonwebtoken'
import { options } from '../../server/configuration/options/options.ts'
import { SERVER_VERSION } from '../../server/version.ts'
import { atrium, temporaryFolder } from '../support/executable.ts'
import { expectFor } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

describe('commands without a server', () => {
  test('CFG-20: config prints every option with its value, meaning, allowed values and default', async () => {
    const { code, stdout, stderr } = await atrium(['config', '--port', '4000'], {
      ATRIUM_SECRET: 'hush'.repeat(8),
    })
    expect([code, stderr]).toStrictEqual([0, ''])
    for (const { env, meaning, allowed } of Object.values(options)) {
      expect(stdout).toMatch(new RegExp(`^${env}=`, 'm'))
      expectFor(env, stdout).toContain(`    ${meaning}\n    allowed: ${allowed}; default: `)
    }
    expect(stdout).toMatch(/^ATRIUM_PORT=4000$/m)
    expect(stdout).not.toMatch(/hush/)
  })

  test('CFG-21: token prints only a token, signed with the secret of the environment or of the data folder', async () => {
    const data = await temporaryFolder()
    const kept = 'from the folder, long enough to be one'
    await writeFile(join(data, 'secret'), `${kept}\n`)
    const fromFolder = await atrium(['token', 'w1', '--as', 'ann'], { ATRIUM_DATA: data })
    expect([fromFolder.code, fromFolder.stderr]).toStrictEqual([0, ''])
    expect(fromFolder.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const claims = jwt.verify(fromFolder.stdout.trim(), kept) as jwt.JwtPayload
    expect([claims['email'], claims['workspace'], claims['admin']]).toStrictEqual(['ann', 'w1', undefined])
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(86_400)
    const flags = ['--admin', '--mode', 'upgrade', '--ttl', '60']
    const secret = 'given, and long enough to be a secret'
    const env = { ATRIUM_DATA: data, ATRIUM_SECRET: secret }
    const given = await atrium(['token', 'w1', '--as', 'root', ...flags], env)
    const admin = jwt.verify(given.stdout.trim(), secret) as jwt.JwtPayload
    expect([admin['admin'], admin['model'], (admin.exp ?? 0) - (admin.iat ?? 0)]).toStrictEqual([
      'true',
      'upgrade',
      60,
    ])
  })

  test('CFG-22: without a secret or a server a command says so in one line, with exit code 1', async () => {
    const data = await temporaryFolder()
    const noSecret = await atrium(['token', 'w1', '--as', 'ann'], { ATRIUM_DATA: data })
    expect([noSecret.code, noSecret.stdout]).toStrictEqual([1, ''])
    expect(noSecret.stderr).toBe(
      `atrium: there is no secret in ${data}: start the server once, or set ATRIUM_DATA or ATRIUM_SECRET\n`,
    )
    const url = 'http://127.0.0.1:1'
    for (const args of [
      ['find', 'w1', 'core:class:Space', '--as', 'ann'],
      ['watch', 'w1', '--as', 'ann'],
      ['workspace', 'list'],
    ]) {
      const { code, stdout, stderr } = await atrium([...args, '--url', url], {
        ATRIUM_SECRET: 'x'.repeat(32),
      })
      expectFor(stderr, [code, stdout, stderr.split('\n').length]).toStrictEqual([1, '', 2])
      expect(stderr).toMatch(/^atrium: no (atrium|accounts service) answers at (ws|http):\/\/127\.0\.0\.1:1/)
    }
  })

  test('CFG-23: an unknown command, flag or argument ends with exit code 2 and the reason', async () => {
    const as = ['--as', 'ann']
    const wrong: [string[], RegExp][] = [
      [['nope'], /unknown command 'nope'/],
      [['start', '--nope'], /unknown option '--nope'/],
      [['start', '--port'], /argument missing/],
      [['token', 'w1'], /required option '--as <name>'/],
      [['token', ...as], /missing required argument 'workspace'/],
      [['token', 'w1', ...as, '--mode', 'nope'], /'nope' is invalid/],
      [['token', 'w1', ...as, '--ttl', 'soon'], /'soon' is invalid/],
      [['workspace', 'create'], /missing required argument 'name'/],
      [['workspace', 'nope'], /unknown command 'nope'/],
      [['find', 'w1', 'c', '{', ...as], /'\{' is invalid.*JSON/],
      [['find', 'w1', 'c', '[]', ...as], /'\[\]' is invalid.*JSON object/],
      [['find', 'w1', 'c', ...as, '--limit', 'many'], /'many' is invalid/],
      [['find', 'w1', 'c', ...as, '--sort', 'title'], /'title' is invalid/],
      [['create', 'w1', 'c', '7', ...as], /'7' is invalid/],
      [['create', 'w1', 'c', '{}', ...as, '--parent', 'x'], /'x' is invalid/],
      [['update', 'w1', 'c', 'id', 'x', ...as], /'x' is invalid/],
      [['remove', 'w1', 'c', ...as], /missing required argument 'id'/],
    ]
    for (const [args, pattern] of wrong) {
      const { code, stdout, stderr } = await atrium(args, { ATRIUM_SECRET: 'x'.repeat(32) })
      expectFor(`${args.join(' ')}: ${stderr}`, [code, stdout]).toStrictEqual([2, ''])
      expect(stderr).toMatch(pattern)
      expect(stderr).not.toMatch(/\bat \S+ \(/)
    }
  })

  test('CFG-24: help and version end with exit code 0', async () => {
    const { code, stdout } = await atrium(['--help'])
    expect(code).toBe(0)
    for (const name of [
      'start',
      'token',
      'workspace',
      'find',
      'create',
      'update',
      'remove',
      'watch',
      'config',
      'doctor',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect(await atrium(['--version'])).toStrictEqual({ code: 0, stdout: `${SERVER_VERSION}\n`, stderr: '' })
    expect((await atrium(['workspace', 'create', '--help'])).code).toBe(0)
  })

  test('CFG-25: doctor reports on the folder, the port and each service, and ends with 1 when one fails', async () => {
    const data = await temporaryFolder()
    const stranger = createServer((_request, response) => response.writeHead(500).end()).listen(
      0,
      '127.0.0.1',
    )
    await once(stranger, 'listening')
    onTestEnd(() => {
      stranger.close()
      stranger.closeAllConnections()
    })
    const { port } = stranger.address() as AddressInfo
    const env = { ATRIUM_DATA: data, ATRIUM_PORT: '0' }
    const sound = await atrium(['doctor'], { ...env, ATRIUM_ACCOUNTS: `http://127.0.0.1:${port}/` })
    expectFor(sound.stdout, [sound.code, sound.stderr]).toStrictEqual([0, ''])
    expect(sound.stdout).toContain(`ok   data folder ${data} can be written\n`)
    expect(sound.stdout).toContain(`ok   accounts at 127.0.0.1:${port} takes connections\n`)
    const taken = await atrium(['doctor'], { ...env, ATRIUM_PORT: String(port) })
    expect(taken.code).toBe(1)
    expect(taken.stdout).toContain(`FAIL port ${port} of 127.0.0.1 is in use by something else\n`)
    const file = join(data, 'file')
    await writeFile(file, '')
    const services = { ATRIUM_MONGO_URL: 'mongodb://u:hush@127.0.0.1:1/', ATRIUM_REDIS_URL: 'no url' }
    const wrong = await atrium(['doctor'], { ...env, ...services, ATRIUM_DATA: join(file, 'data') })
    expect([wrong.code, wrong.stderr]).toStrictEqual([1, ''])
    expect(wrong.stdout).toMatch(/^FAIL data folder .* cannot be written/m)
    expect(wrong.stdout).toMatch(/^FAIL MongoDB at 127\.0\.0\.1:1 does not answer: ECONNREFUSED$/m)
    expect(wrong.stdout).toMatch(/^FAIL Redis: its address is no URL$/m)
    expect(wrong.stdout).not.toMatch(/hush/)
  })
})

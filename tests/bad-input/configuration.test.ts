import { describe, expect, test } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeConfiguration, resolveConfiguration } from '../../server/configuration/configuration.ts'
import { ConfigurationError } from '../../server/configuration/configuration-error.ts'
import type { Option } from '../../server/configuration/options/option.ts'
import { options } from '../../server/configuration/options/options.ts'
import { atrium, temporaryFolder } from '../support/executable.ts'
import { expectFor, expectThat, satisfying } from '../support/expecting.ts'

const wrongValues: Record<string, string[]> = {
  ATRIUM_PORT: ['http', '-1', '65536', '1.5', '0x50', ' 80', '1e3'],
  ATRIUM_HOST: ['127.0.0.1:3333', '[127.0.0.1]', '[::1', 'a b', 'http://x', '[::1]:80'],
  ATRIUM_STORAGE: ['disk', 'constructor', 'EMBEDDED'],
  ATRIUM_ACCOUNTS: ['ftp://x', 'x', 'javascript:1'],
  ATRIUM_DEMO: ['yes', 'true', '2'],
  ATRIUM_SIGNUP: ['maybe'],
  ATRIUM_MODEL_VERSION: ['1', '1.2', '1.2.3.4', 'v1.2.3'],
  ATRIUM_LOG_LEVEL: ['verbose'],
  ATRIUM_TOKEN_TTL: ['0', '0h', '1 h', '1w', '-1s', '1h30m', 'soon'],
  ATRIUM_MONGO_TIMEOUT: ['500ms', '61m'],
  ATRIUM_MAX_PAYLOAD: ['0', '1024', '2047', '64MB', '99999999999'],
  ATRIUM_METRICS_HOST: ['127.0.0.1:3333', '[127.0.0.1]', 'a b', 'http://x'],
  ATRIUM_ORIGINS: [
    'app.example',
    'app.example:443',
    'null',
    '**',
    '*.a.example',
    'http://*.a.example',
    'http://%2a.a',
    'http://a/b',
    'http://a?b',
    'http://a/#',
    'http://u@a',
    'http://a:99999',
    'http://',
    'https:a',
    'ftp://a',
    'wss://a',
    'file:///',
    'file://a',
    'not an origin',
    'https://a,b',
    'https://a https://b',
  ],
  ATRIUM_TRUST_PROXY: [
    '11',
    '100',
    '-1',
    '1.5',
    '1,2',
    '10.0.0.0/33',
    '10.0.0.1/',
    'proxy',
    'Loopback',
    '0x7f',
  ],
  ATRIUM_CHUNK_COUNT: ['0', 'many'],
}

describe('wrong options', () => {
  test('CFG-60: a duration has a unit, or is a plain number of the unit that its option had, and is printed with its unit', () => {
    const given = { ATRIUM_TOKEN_TTL: '90', ATRIUM_IDLE_TIMEOUT: '1500ms', ATRIUM_ACCOUNTS_CACHE: '1.5m' }
    const { tokenTtl, idleTimeout, accountsCache, loginMaxAge } = resolveConfiguration(given)
    expect([tokenTtl, idleTimeout, accountsCache, loginMaxAge]).toStrictEqual([90, 1.5, 90_000, 30 * 86_400])
    const described = describeConfiguration(resolveConfiguration({ ...given, ATRIUM_STOP_TIMEOUT: '120' }))
    for (const line of [
      'TOKEN_TTL=90s',
      'IDLE_TIMEOUT=1500ms',
      'ACCOUNTS_CACHE=90s',
      'STOP_TIMEOUT=2m',
      'LOGIN_MAX_AGE=30d',
    ])
      expectFor(line, described).toContain(`ATRIUM_${line}\n`)
  })

  test('CFG-1: a wrong value is named, with the allowed values, whether it comes from the environment or a flag', () => {
    for (const [env, values] of Object.entries(wrongValues)) {
      const [name, option] =
        Object.entries(options as Record<string, Option>).find(([, each]) => each.env === env) ?? []
      expectThat(name !== undefined && option !== undefined, env)
      for (const value of values) {
        const complaint = `${env}: ${JSON.stringify(value)} is not allowed; allowed is ${option.allowed}`
        const expected = expect.objectContaining({ name: 'ConfigurationError', message: complaint })
        expect(() => resolveConfiguration({ [env]: value })).toThrow(expected)
        expect(() => resolveConfiguration({}, { [name]: value })).toThrow(expected)
      }
    }
    // A flag is always intended.
    expect(() => resolveConfiguration({}, { port: '' })).toThrow(/^ATRIUM_PORT: "" is not allowed/)
  })

  test('LIM-58: an origin is taken in the form in which browsers send it', () => {
    const given =
      'HTTPS://App.Example:443, http://a:80/,http://[::1]:8080,https://bücher.example,Capacitor://App,*'
    expect(resolveConfiguration({ ATRIUM_ORIGINS: given }).origins).toStrictEqual([
      'https://app.example',
      'http://a',
      'http://[::1]:8080',
      'https://xn--bcher-kva.example',
      'capacitor://app',
      '*',
    ])
    expect(resolveConfiguration({}).origins).toStrictEqual([])
  })

  test('CFG-2: all wrong values are reported at once, and so are unknown options', () => {
    const env = { ATRIUM_PORT: 'x', ATRIUM_DEMO: 'x', ATRIUM_PROT: '1', PATH: '/bin' }
    expect(() => resolveConfiguration(env)).toThrow(
      satisfying((error) => {
        expectThat(error instanceof ConfigurationError)
        const names = error.message.split('\n').map((line) => line.split(/[: ]/)[0])
        expect(names).toStrictEqual(['ATRIUM_PORT', 'ATRIUM_DEMO', 'ATRIUM_PROT'])
        return true
      }),
    )
  })

  test('CFG-3: a flag takes precedence over the environment, and the environment over the default', () => {
    expect(resolveConfiguration({}).port).toBe(3333)
    expect(resolveConfiguration({ ATRIUM_PORT: '1' }).port).toBe(1)
    expect(resolveConfiguration({ ATRIUM_PORT: '1' }, { port: '2' }).port).toBe(2)
  })

  test('CFG-4: a secret appears neither in the list of options nor in an error', () => {
    const secrets = {
      ATRIUM_SECRET: 'hush1'.repeat(8),
      ATRIUM_MONGO_URL: 'mongodb://u:hush2@h',
      ATRIUM_REDIS_URL: 'redis://:hush3@h',
    }
    const text = describeConfiguration(resolveConfiguration(secrets))
    expect(text).not.toMatch(/hush/)
    expect(text).toMatch(/^ATRIUM_SECRET=\*\*\*$/m)
    expect(() => resolveConfiguration({ ...secrets, ATRIUM_SECRET: 'hush4' })).toThrow(
      satisfying((error) => !/hush/.test(String(error))),
    )
  })

  test('CFG-5: a wrong value ends every command with exit code 2 and only the error', async () => {
    const complaint = 'ATRIUM_PORT: "x" is not allowed; allowed is a whole number from 0 to 65535\n'
    for (const args of [['start'], ['config'], ['doctor'], ['token', 'w1', '--as', 'ann']])
      expect(await atrium(args, { ATRIUM_PORT: 'x' })).toStrictEqual({
        code: 2,
        stdout: '',
        stderr: complaint,
      })
    const flag = await atrium(['start', '--port', 'x'])
    expect(flag).toStrictEqual({ code: 2, stdout: '', stderr: complaint })
  })

  test('CFG-7: mongodb storage without an address, or with an invalid one, ends every command with exit code 2', async () => {
    const env = { ATRIUM_STORAGE: 'mongodb' }
    const missing = 'ATRIUM_MONGO_URL is missing, and mongodb storage needs it\n'
    for (const args of [['start'], ['config']])
      expect(await atrium(args, env)).toStrictEqual({ code: 2, stdout: '', stderr: missing })
    const wrong = await atrium(['start', '--port', '0'], { ...env, ATRIUM_MONGO_URL: 'http://u:hush@h' })
    const complaint =
      'ATRIUM_MONGO_URL: MongoDB cannot be asked: the connection string is wrong: ' +
      'Invalid scheme, expected connection string to start with "mongodb://" or "mongodb+srv://"\n'
    expect(wrong).toStrictEqual({ code: 2, stdout: '', stderr: complaint })
  })

  test('CFG-6: a module that cannot be loaded, or is invalid, is named, with exit code 2', async () => {
    for (const name of ['no-such-module', './no-such-file.js', 'node:path']) {
      const { code, stdout, stderr } = await atrium(['start', '--modules', name, '--port', '0'])
      expectFor(stderr, [code, stdout]).toStrictEqual([2, ''])
      expectFor(stderr, stderr.startsWith(`ATRIUM_MODULES: ${name} `)).toBe(true)
      expectFor(stderr, stderr.trim().split('\n')).toHaveLength(1)
    }
  })

  const tooShort =
    'ATRIUM_SECRET: its value is not allowed; allowed is at least 32 bytes, which `openssl rand -base64 32` makes\n'

  test('CFG-8: a secret of fewer than 32 bytes ends every command with exit code 2, and names a command that makes one', async () => {
    const as = ['--as', 'ann']
    const commands = [
      ['start'],
      ['config'],
      ['doctor'],
      ['token', 'w1', ...as],
      ['workspace', 'create', 'team'],
      ['workspace', 'list'],
      ['find', 'w1', 'core:class:Space', ...as],
      ['create', 'w1', 'core:class:Space', '{}', ...as],
      ['update', 'w1', 'core:class:Space', 'id', '{}', ...as],
      ['remove', 'w1', 'core:class:Space', 'id', ...as],
      ['watch', 'w1', ...as],
      ['verify', 'w1'],
    ]
    for (const args of commands) {
      const ended = await atrium(args, { ATRIUM_SECRET: 'x'.repeat(31) })
      expectFor(args.join(' '), ended).toStrictEqual({ code: 2, stdout: '', stderr: tooShort })
    }
    const message = tooShort.trim()
    for (const secret of [' '.repeat(40), `${'x'.repeat(31)} `, '\u00e9'.repeat(15)])
      expect(() => resolveConfiguration({ ATRIUM_SECRET: secret })).toThrow(
        expect.objectContaining({ message }),
      )
    for (const secret of ['x'.repeat(32), '\u00e9'.repeat(16)])
      expect(resolveConfiguration({ ATRIUM_SECRET: secret }).secret).toBe(secret)
  })

  test('CFG-9: a secret in the data folder that is too short is refused like one of the environment', async () => {
    const data = await temporaryFolder()
    const file = join(data, 'secret')
    await writeFile(file, `${'x'.repeat(31)}\n`)
    for (const args of [
      ['start', '--port', '0'],
      ['token', 'w1', '--as', 'ann'],
    ]) {
      const { code, stdout, stderr } = await atrium(args, { ATRIUM_DATA: data })
      expectFor(stderr, [code, stdout, stderr.split('\n').length]).toStrictEqual([2, '', 2])
      expectFor(stderr, stderr.startsWith(`${file} holds fewer than 32 bytes; `)).toBe(true)
      expect(stderr).toMatch(/`openssl rand -base64 32`/)
      expect(stderr).not.toMatch(/xxx/)
    }
  })
})

import { describe, expect, test } from '@jest/globals'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Configuration, resolveConfiguration } from '../../server/configuration/configuration.ts'
import { readEnvironment } from '../../server/configuration/environment.ts'
import { type OptionName, options } from '../../server/configuration/options/options.ts'
import { atrium, temporaryFolder } from '../support/executable.ts'

describe('environment variables', () => {
  test('CFG-40: an empty variable counts as unset, and a line ending at the end of a value is removed', () => {
    const names = Object.values(options).map(({ env }) => env)
    const unset = resolveConfiguration({})
    for (const nothing of ['', '\r', '\r\n']) {
      const empty = Object.fromEntries(names.map((name) => [name, nothing]))
      expect(resolveConfiguration({ ...empty, ATRIUM_NO_OPTION: nothing })).toStrictEqual(unset)
    }
    const secret = 'x'.repeat(32)
    const env = { ATRIUM_PORT: '4000\r', ATRIUM_DATA: '/srv/atrium\r\n', ATRIUM_SECRET: `${secret}\n` }
    const cut = resolveConfiguration(env, { host: '::1\r' })
    expect([cut.port, cut.data, cut.secret, cut.host]).toStrictEqual([4000, '/srv/atrium', secret, '::1'])
    // Anywhere else it is part of the value.
    expect(() => resolveConfiguration({ ATRIUM_PORT: '\r4000' })).toThrow(/ATRIUM_PORT/)
  })

  test('CFG-41: variables that Kubernetes sets for services are ignored', () => {
    const links = {
      ATRIUM_PORT: 'tcp://10.96.0.7:3333',
      ATRIUM_PORT_3333_TCP: 'tcp://10.96.0.7:3333',
      ATRIUM_PORT_3333_TCP_ADDR: '10.96.0.7',
      ATRIUM_PORT_3333_TCP_PORT: '3333',
      ATRIUM_PORT_3333_TCP_PROTO: 'tcp',
      ATRIUM_SERVICE_HOST: '10.96.0.7',
      ATRIUM_SERVICE_PORT: '3333',
      ATRIUM_SERVICE_PORT_HTTP: '3333',
      ATRIUM_MONGO_PORT: 'tcp://10.96.0.8:27017',
      ATRIUM_MONGO_PORT_27017_TCP_ADDR: '10.96.0.8',
      ATRIUM_MONGO_SERVICE_PORT: '27017',
      ATRIUM_DNS_PORT_53_UDP_PROTO: 'udp',
    }
    expect(resolveConfiguration(links)).toStrictEqual(resolveConfiguration({}))
    expect(readEnvironment(links).links).toStrictEqual(Object.keys(links).sort())
    // A name that only resembles them is reported as a mistake.
    for (const wrong of [{ ATRIUM_PORT: 'http://10.96.0.7' }, { ATRIUM_SERVICE: '1' }, { ATRIUM_PORTS: '1' }])
      expect(() => resolveConfiguration(wrong)).toThrow(
        expect.objectContaining({ name: 'ConfigurationError' }),
      )
  })

  test('CFG-41: commands that print options name the ignored variables in one line', async () => {
    const env = { ATRIUM_PORT: 'tcp://10.96.0.7:3333', ATRIUM_SERVICE_HOST: '10.96.0.7' }
    const { code, stdout, stderr } = await atrium(['config'], env)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ATRIUM_PORT=3333$/m)
    expect(stderr).toBe(
      'atrium: ignored, as what Kubernetes tells of a service: ATRIUM_PORT, ATRIUM_SERVICE_HOST\n',
    )
  })

  test('CFG-42: an IPv6 address may be in brackets', () => {
    for (const [given, host] of [
      ['[::1]', '::1'],
      ['::1', '::1'],
      ['[2001:db8::7]', '2001:db8::7'],
      ['::', '::'],
      ['localhost', 'localhost'],
    ] as const)
      expect(resolveConfiguration({ ATRIUM_HOST: given }).host).toBe(host)
  })

  test('CFG-43: options of a file come after those of the environment, and are validated alike', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'options')
    const lines = ['# ours', 'ATRIUM_PORT=4001', "ATRIUM_MODULES='board'", 'ATRIUM_DEMO=0\r', '']
    await writeFile(file, lines.join('\n'))
    const pick = ({ port, demo }: Configuration) => [port, demo]
    expect(pick(resolveConfiguration({ ATRIUM_CONFIG: file }))).toStrictEqual([4001, false])
    expect(pick(resolveConfiguration({ ATRIUM_CONFIG: file, ATRIUM_PORT: '4002' }))).toStrictEqual([
      4002,
      false,
    ])
    expect(pick(resolveConfiguration({}, { config: file, port: '4003' }))).toStrictEqual([4003, false])
    await writeFile(file, 'ATRIUM_PORT=x\nATRIUM_PROT=1\n')
    expect(() => resolveConfiguration({ ATRIUM_CONFIG: file })).toThrow(
      expect.objectContaining({
        message:
          `ATRIUM_CONFIG: ${file}: line 2 names ATRIUM_PROT, which is not an option of atrium\n` +
          'ATRIUM_PORT: "x" is not allowed; allowed is a whole number from 0 to 65535',
      }),
    )
    await mkdir(join(folder, 'directory'))
    for (const [name, reason] of [
      ['missing', 'ENOENT'],
      ['directory', 'EISDIR'],
    ] as const) {
      const ended = await atrium(['config', '--config', join(folder, name)])
      const stderr = `ATRIUM_CONFIG: ${join(folder, name)} cannot be read: ${reason}\n`
      expect(ended).toStrictEqual({ code: 2, stdout: '', stderr })
    }
  })

  test('CFG-43: every option has a flag and a variable of its own', () => {
    const names = Object.keys(options) as OptionName[]
    expect(new Set(names.map((name) => options[name].env)).size).toBe(names.length)
  })
})

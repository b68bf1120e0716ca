import { expect, test } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { atrium, type Environment, RunningAtrium, temporaryFolder } from '../support/executable.ts'

const ECHO = fileURLToPath(new URL('./echo-module.js', import.meta.url))

test('MOD-97: `atrium call` prints the result of a method, or the values of its stream, and its error', async () => {
  const env: Environment = {
    ATRIUM_DATA: await temporaryFolder(),
    ATRIUM_PORT: '0',
    ATRIUM_MODULES: `board,${ECHO}`,
  }
  const server = new RunningAtrium(['start'], env)
  const url = (await server.line(/listening on/)).replace(/^.*(?=http:)/, '')
  const call = async (...args: string[]) => {
    const { code, stdout, stderr } = await atrium(['call', 'demo', ...args, '--as', 'ann', '--url', url], env)
    return [code, stdout, stderr]
  }
  expect(await call('echo.params', '[1, {"two": [null]}]')).toStrictEqual([0, '[1,{"two":[null]}]\n', ''])
  expect(await call('echo.params', '{"only": true}', '--binary')).toStrictEqual([0, '[{"only":true}]\n', ''])
  expect(await call('echo.params')).toStrictEqual([0, '[]\n', ''])
  expect(await call('ping')).toStrictEqual([0, '"pong!"\n', ''])
  const lines = Array.from({ length: 200 }, (_, at) => `${at}\n`).join('')
  expect(await call('echo.count', '200', '--stream')).toStrictEqual([0, lines, ''])
  const message = 'atrium: platform:status:BadRequest message: echo'
  expect(await call('echo.count', '2')).toStrictEqual([
    1,
    '',
    `${message}.count streams: protocol 2 has calls for that\n`,
  ])
  expect(await call('echo.params', '2', '--stream')).toStrictEqual([
    1,
    '',
    `${message}.params does not stream\n`,
  ])
  expect((await call('echo.none'))[2]).toBe('atrium: platform:status:UnknownMethod method: echo.none\n')
  expect((await call('echo.params', '{'))[0]).toBe(2)
  expect(await server.end('SIGTERM')).toBe(0)
})

import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atrium, RunningAtrium, RunningProcess, temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { waitUntil } from '../support/wait-until.ts'
import { testUnless } from '../support/test-unless.ts'

/** A server with an options file, which is written and read again. */
async function withFile(first: readonly string[]) {
  const data = await temporaryFolder()
  const file = join(data, 'options')
  const write = async (lines: readonly string[]) => await writeFile(file, lines.join('\n'))
  await write(first)
  const env = { ATRIUM_DATA: data, ATRIUM_PORT: '0', ATRIUM_DEMO: '0', ATRIUM_CONFIG: file }
  const server = new RunningAtrium(['start'], env)
  const url = await server.url()
  /** The output of each reading, without that of earlier ones. */
  const reread = async (lines: readonly string[]): Promise<string> => {
    await write(lines)
    server.lines.length = 0
    server.child.kill('SIGHUP')
    return await server.line(/read its options again/)
  }
  return { data, env, file, server, url, reread }
}

async function signUp(url: string, email: string): Promise<unknown> {
  const params = [email, 'a good long password']
  const body = JSON.stringify({ method: 'createAccount', params })
  const answer = (await (await fetch(`${url}/accounts`, { method: 'POST', body })).json()) as {
    error?: { code: string }
  }
  return answer.error?.code
}

describe('SIGHUP', () => {
  test('CFG-44: on SIGHUP a server applies the options that need no restart, and reports those that do', async () => {
    const { server, url, reread } = await withFile(['ATRIUM_SIGNUP=open'])
    expect(await signUp(url, 'ann@example.com')).toBeUndefined()
    expect(
      await reread(['ATRIUM_SIGNUP=closed', 'ATRIUM_MAX_PAYLOAD=2048', 'ATRIUM_ORIGINS=https://a.example']),
    ).toBe(
      'atrium read its options again: ATRIUM_SIGNUP, ATRIUM_ORIGINS taken in, ATRIUM_MAX_PAYLOAD after a restart',
    )
    expect(await signUp(url, 'bob@example.com')).toBe('platform:status:Forbidden')
    expect(await reread(['ATRIUM_SIGNUP=closed', 'ATRIUM_ORIGINS=https://a.example'])).toBe(
      'atrium read its options again: nothing is taken in',
    )
    // An option that is no longer in the file gets its value without the file.
    expect(await reread([])).toMatch(/ATRIUM_SIGNUP, ATRIUM_ORIGINS taken in$/)
    expect(await signUp(url, 'bob@example.com')).toBeUndefined()
    expect(server.stderr).toBe('')
    expect(await server.end('SIGTERM')).toBe(0)
  })

  test('CFG-44: a new minimum log level applies at once', async () => {
    const { env, server, url, reread } = await withFile([])
    // The environment takes precedence over the file.
    expect(await reread(['ATRIUM_LOG_LEVEL=info'])).toMatch(/nothing is taken in/)
    await server.end('SIGTERM')
    const { ATRIUM_CONFIG: _, ...own } = env
    const level = join(env.ATRIUM_DATA, 'level')
    await writeFile(level, 'ATRIUM_LOG_LEVEL=silent')
    const again = new RunningAtrium(['start', '--config', level], { ...own, ATRIUM_LOG_LEVEL: '' })
    const at = await again.url()
    expect(at).not.toBe(url)
    const enter = async (name: string) => {
      await atrium(['workspace', 'create', name, '--owner', 'ann', '--url', at], own)
      await atrium(['find', name, 'core:class:Space', '--as', 'ann', '--url', at], own)
    }
    await enter('before')
    await writeFile(level, 'ATRIUM_LOG_LEVEL=info')
    again.child.kill('SIGHUP')
    await again.line(/ATRIUM_LOG_LEVEL taken in/)
    await enter('after')
    await again.said(/"workspace":"after".*a session opened/)
    expect(again.stderr).not.toMatch(/"workspace":"before"/)
  })

  test('CFG-44: a wrong option is reported and keeps its value, and so do all options without a file', async () => {
    const { file, server, url, reread } = await withFile(['ATRIUM_SIGNUP=closed'])
    expect(await reread(['ATRIUM_SIGNUP=nobody', 'ATRIUM_TOKEN_TTL=60', 'ATRIUM_SECRET=short'])).toMatch(
      /ATRIUM_TOKEN_TTL taken in$/,
    )
    const complaints = [
      'ATRIUM_SECRET: its value is not allowed; allowed is at least 32 bytes, which `openssl rand -base64 32` makes',
      'ATRIUM_SIGNUP: "nobody" is not allowed; allowed is open, closed',
    ]
    expect(server.stderr.trim().split('\n')).toStrictEqual(
      complaints.map((complaint) => `atrium: ${complaint}; it stays as it was`),
    )
    expect(await signUp(url, 'ann@example.com')).toBe('platform:status:Forbidden')
    await rm(file)
    server.lines.length = 0
    server.child.kill('SIGHUP')
    await server.line(/nothing is taken in$/)
    expect(server.stderr).toMatch(/ATRIUM_CONFIG: .* cannot be read: ENOENT; it stays as it was\n$/)
    expect(await signUp(url, 'ann@example.com')).toBe('platform:status:Forbidden')
  })

  test('CFG-64: an options file with an invalid line is not applied, and the line is named', async () => {
    const { file, server, url, reread } = await withFile(['ATRIUM_SIGNUP=closed'])
    for (const [line, flaw] of [
      ['ATRIUM_SIGNUP: closed', 'is not NAME=value'],
      ['ATRIUM_SINGUP=closed', 'names ATRIUM_SINGUP, which is not an option of atrium'],
      ['ATRIUM_SIGNUP="closed', 'has a quote that is not closed'],
    ] as const) {
      const before = server.stderr.length
      expect(await reread(['ATRIUM_TOKEN_TTL=60', line])).toMatch(/nothing is taken in$/)
      const complaint = `atrium: ATRIUM_CONFIG: ${file}: line 2 ${flaw}; it stays as it was\n`
      expect(server.stderr.slice(before)).toBe(complaint)
      expect(await signUp(url, 'ann@example.com')).toBe('platform:status:Forbidden')
    }
    await reread(['\ufeffATRIUM_SIGNUP=open'])
    expect(await signUp(url, 'ann@example.com')).toBeUndefined()
  })

  test('CFG-45: on SIGHUP the server reads the secret of the data folder again', async () => {
    const { data, env, server, url, reread } = await withFile([])
    const list = async (token: string) => (await fetch(`${url}/api/v1/statistics?token=${token}`)).status
    const token = async () => (await atrium(['token', '', '--as', 'root', '--admin'], env)).stdout.trim()
    const old = await token()
    expect(await list(old)).toBe(200)
    await writeFile(join(data, 'secret'), 'short\n')
    expect(await reread([])).toMatch(/nothing is taken in$/)
    expect(server.stderr).toMatch(/secret holds fewer than 32 bytes; .*; it stays as it was\n$/)
    expect(await list(old)).toBe(200)
    await writeFile(join(data, 'secret'), `${'y'.repeat(40)}\n`)
    expect(await reread([])).toMatch(/ATRIUM_SECRET taken in$/)
    expect(await list(old)).toBe(401)
    expect(await list(await token())).toBe(200)
    await rm(join(data, 'secret'))
    expect(await reread([])).toMatch(/nothing is taken in$/)
    expect(await list(old)).toBe(401)
  })

  /** A program that creates a terminal, and closes it when it is killed. */
  const hasTerminals = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0

  testUnless(hasTerminals ? undefined : 'there is no `script` that makes terminals')(
    'CFG-46: a server whose terminal is closed stops gracefully, and one whose output goes elsewhere continues',
    async () => {
      const data = await temporaryFolder()
      const ended = join(data, 'ended')
      const module = join(data, 'module.mjs')
      await writeFile(
        module,
        `import { writeFileSync } from 'node:fs'
       writeFileSync(${JSON.stringify(join(data, 'pid'))}, String(process.pid))
       process.on('exit', (code) => writeFileSync(${JSON.stringify(ended)}, 'ended with ' + code))
       export default { name: 'tells', model: [] }`,
      )
      const env = { ATRIUM_DATA: data, ATRIUM_PORT: '0', ATRIUM_DEMO: '0', ATRIUM_MODULES: module }
      const command = `${process.execPath} ${join(root, 'scripts', 'atrium')} start`
      const terminal = new RunningProcess(['script', '-qec', command, '/dev/null'], env)
      await terminal.line(/listening on/)
      terminal.child.kill('SIGKILL')
      await waitUntil(() => existsSync(ended), 'the end of the server')
      expect(await readFile(ended, 'utf8')).toBe('ended with 0')

      await rm(ended)
      const output = join(data, 'output')
      // As under `nohup`.
      const apart = `exec ${command} < /dev/null > ${output} 2>&1`
      const other = new RunningProcess(['script', '-qec', apart, '/dev/null'], env)
      const said = async (pattern: RegExp) =>
        await waitUntil(
          () => existsSync(output) && pattern.test(readFileSync(output, 'utf8')),
          String(pattern),
        )
      await said(/listening on/)
      other.child.kill('SIGKILL')
      await said(/read its options again: nothing is taken in/)
      expect(existsSync(ended)).toBe(false)
      const url = /http:\S+/.exec(await readFile(output, 'utf8'))?.[0]
      expect((await fetch(`${url}/health`)).status).toBe(200)
      process.kill(Number(await readFile(join(data, 'pid'), 'utf8')), 'SIGTERM')
      await waitUntil(() => existsSync(ended), 'the end of the server')
    },
  )
})

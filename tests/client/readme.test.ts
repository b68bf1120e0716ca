import { describe, expect, test } from '@jest/globals'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { temporaryFolder } from '../support/executable.ts'
import { RawClient } from '../support/raw-client.ts'
import { root } from '../support/root.ts'
import { testServer } from '../support/test-server.ts'
import { waitUntil } from '../support/wait-until.ts'
import { expectThat } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const build = fileURLToPath(new URL('../..', import.meta.url))

describe('quick start of the README', () => {
  test('SDK-74: the README’s quick start of the client prints what the README says', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    const code = /## Client\n[\s\S]*?```js\n([\s\S]*?)```/.exec(readme)?.[1]
    expectThat(code !== undefined)
    expect(code.includes("'atrium/client/node'") && code.includes("'ws://127.0.0.1:3333'")).toBe(true)
    const { url, token } = await testServer()
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'data'))
    const path = join(folder, 'quick-start.mjs')
    const client = pathToFileURL(join(build, 'client', 'node.js')).href
    await writeFile(path, code.replace('atrium/client/node', client).replace('ws://127.0.0.1:3333', url))
    const env = { PATH: process.env['PATH'], TOKEN: token('ann', 'demo') }
    const bob = await RawClient.open(url, token('bob', 'demo'))
    const query = ['board:class:Task', { labels: 'sdk', status: 'done' }, {}]
    const done = async () => ((await bob.request('findAll', query)) as unknown[]).length
    for (const tasks of [1, 2]) {
      const client = spawn(process.execPath, [path], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      onTestEnd(() => client.kill('SIGKILL'))
      let printed = ''
      for await (const text of client.stdout.setEncoding('utf8')) {
        printed += text
        const last = printed.slice(printed.lastIndexOf('[ '))
        if (last.endsWith(']\n') && (last.match(/'Try the SDK: done'/g)?.length ?? 0) === tasks) break
      }
      // It shows a change that the server does not have yet.
      await waitUntil(async () => (await done()) === tasks, 'the update')
      client.kill('SIGINT')
      expect(printed).toMatch(/^(\[( 'Try the SDK: (backlog|done)',?)* ?\]\n)+$/)
      expect(printed.endsWith(`[ ${"'Try the SDK: done', ".repeat(tasks).slice(0, -2)} ]\n`)).toBe(true)
    }
  })

  test('SDK-75: what package.json exports is built', async () => {
    const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, Record<string, string>>
    }
    expect(Object.keys(exports).filter((name) => name.startsWith('./client'))).toStrictEqual([
      './client',
      './client/bundle',
      './client/node',
      './client/react',
    ])
    const bundle = './dist/client/browser/atrium-client.js'
    const files = Object.values(exports).flatMap((conditions) => Object.values(conditions))
    expect(files).toContain(bundle)
    const missing = files.filter(
      (file) => file !== bundle && !existsSync(join(build, file.replace('./dist/', ''))),
    )
    expect(missing).toStrictEqual([])
  })
})

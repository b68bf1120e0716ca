import { expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Client } from '../../client/client.ts'
import type { ClientOptions } from '../../client/client-options.ts'
import { Connection } from '../../client/connection/connection.ts'
import { createNodeClient, dialNode, fileStore } from '../../client/node.ts'
import { MemoryStore } from '../../client/store/client-store.ts'
import { board } from '../../examples/board/model.ts'
import type { Ref, Space } from '../../model/documents.ts'
import { temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { testServer } from '../support/test-server.ts'
import { docExamples, publicMembersOf } from './doc-examples.ts'
import { expectFor, expectThat } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

const project = 'p' as Ref<Space>

test('SDK-70: the API report lists what the client’s entries export', async () => {
  const path = pathToFileURL(join(root, 'scripts', 'api-report.js')).href
  const { apiReport, REPORT } = (await import(path)) as {
    apiReport: (build: string) => string
    REPORT: string
  }
  const written = await readFile(REPORT, 'utf8')
  const build = fileURLToPath(new URL('../..', import.meta.url))
  // Run `npm run api:client` and review the changes.
  expect(apiReport(build)).toBe(written)
})

test('SDK-71: every public call of the client has an example', () => {
  const titles = docExamples().map(({ title }) => title)
  // The client delegates its calls to these parts, where they are documented.
  const parts = ['client', 'session', 'reads', 'mutations', 'subscriptions'].map(
    (part) => `client/${part}.ts`,
  )
  const calls = publicMembersOf('client/client.ts')
  expectFor(calls.join(' '), calls.length).toBeGreaterThanOrEqual(28)
  const entries = [
    'client/client.ts: Client',
    'client/client.ts: createClient',
    'client/connection/connection.ts: Connection',
    'client/node.ts: createNodeClient',
    'client/store/file-store.ts: fileStore',
    'client/store/indexed-db-store.ts: indexedDbStore',
    'client/react/use-query.ts: useQuery',
  ]
  const hasExample = (name: string) => parts.some((part) => titles.includes(`${part}: ${name}`))
  expect(calls.filter((name) => !hasExample(name))).toStrictEqual([])
  expect(entries.filter((title) => !titles.includes(title))).toStrictEqual([])
})

/** The declarations that the examples assume. */
const given = `
import { Client, Connection, createClient, indexedDbStore, MemoryStore, type Dial, type GetToken } from '../../client/index.ts'
import { createNodeClient, fileStore } from '../../client/node.ts'
import { AtriumProvider, useClient, useConnectionState, useQuery } from '../../client/react/index.ts'
import { board, type Comment, type Task } from '../../examples/board/model.ts'
import type { Class, Ref, Space } from '../../model/documents.ts'
declare const url: string, token: string, getToken: GetToken, dial: Dial, client: Client
declare const project: Ref<Space>, task: Task, comment: Comment, show: (value: unknown) => void, App: () => null
`

test('SDK-72: the examples compile', async () => {
  const folder = join(root, '.cache', `examples-${process.pid}`)
  await mkdir(folder, { recursive: true })
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  const examples = docExamples().map(({ title, code }) => `// ${title}\nasync () => {\n${code}}\n`)
  await writeFile(join(folder, 'examples.tsx'), `${given}export const examples = [${examples.join(',\n')}]\n`)
  const options = { noEmit: true, incremental: false, noUnusedLocals: false, rootDir: '../..' }
  const project = { extends: '../../tsconfig.json', compilerOptions: options, include: ['examples.tsx'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project))
  const compiler = join(root, 'node_modules', '.bin', 'tsc')
  const { stdout, error } = spawnSync(compiler, ['-p', folder], { encoding: 'utf8' })
  expect(stdout.split('\n').filter((line) => line.includes('examples.tsx'))).toStrictEqual([])
  expect(error).toBeUndefined()
})

/** Runs an example as the body of a function, with its own client, task and comment. */
async function run(code: string): Promise<void> {
  const { url, token } = await testServer()
  const clients: Client[] = []
  const createClient = (options: ClientOptions) => {
    const client = createNodeClient(options)
    clients.push(client)
    return client
  }
  const getToken = () => token('ann')
  const client = createClient({ url, getToken })
  const folder = await temporaryFolder()
  const taskId = await client.createDoc(board.class.Task, project, { title: 'Try atrium', status: 'todo' })
  const task = await client.findOne(board.class.Task, { _id: taskId })
  expectThat(task !== undefined)
  await client.addCollection(task, 'comments', board.class.Comment, { message: 'Well' })
  const names = {
    url,
    token: token('ann'),
    getToken,
    dial: dialNode,
    client,
    project,
    task,
    comment: await client.findOne(board.class.Comment, {}),
    board,
    createClient,
    createNodeClient: createClient,
    Connection,
    indexedDbStore: () => new MemoryStore(),
    fileStore: (path: string) => fileStore(join(folder, path)),
    show: () => undefined,
    console: { log: () => undefined },
  }
  try {
    const script = code.replace(/ as Ref<Class>/g, '').replaceAll('ws://127.0.0.1:3333', url)
    const body = `return async ({ ${Object.keys(names).join(', ')} }) => {{\n${script}\n}}`
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- the examples are our own
    const example = new Function(body)() as (given: typeof names) => Promise<void>
    await example(names)
  } finally {
    for (const each of clients) each.terminate()
  }
}

test.each(docExamples().filter((example) => !example.title.includes('/react/')))(
  'SDK-73: the example of $title runs',
  async ({ code }) => await run(code),
)

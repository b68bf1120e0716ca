import { describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadModules } from '../../server/modules/load-modules.ts'
import { ServerProcess } from '../crash/server-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { TEST_SPACES, testServer } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { atrium } from '../support/executable.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor, satisfying } from '../support/expecting.ts'

/** A module with a class of one attribute, and a unique key. */
const unique = (key: string) =>
  `const tx = (n, objectClass, attributes) => ({ _id: 't' + n, _class: 'core:class:TxCreateDoc', space: 'core:space:Tx', objectId: 'x:' + n, objectClass, objectSpace: 'core:space:Model', modifiedBy: 's', modifiedOn: 1, attributes }); export default { name: 'x', model: [tx('X', 'core:class:Class', { kind: 0, extends: 'core:class:Doc', domain: 'x', unique: [${key}] }), tx('a', 'core:class:Attribute', { attributeOf: 'x:X', name: 'a', type: { _class: 'core:class:TypeString' } })] }`

const trigger = `{ name: 'a', kind: 'sync', on: { classes: ['core:class:Doc'] }, run() { return [] } }`

/** The error, and the source of a module that has it. */
const wrong: [complaint: string, source: string][] = [
  ['does not export a module by default', 'export const x = 1'],
  ['does not export a module by default: name: letters', `export default { name: 'a b', model: [] }`],
  ['does not export a module by default: model', `export default { name: 'x' }`],
  [
    'does not export a module by default: triggers.0.kind',
    `export default { name: 'x', model: [], triggers: [{ ...${trigger}, kind: 'later' }] }`,
  ],
  [
    'does not export a module by default: triggers.0.run',
    `export default { name: 'x', model: [], triggers: [{ ...${trigger}, run: 1 }] }`,
  ],
  [
    'does not export a module by default: triggers.0.on.classes',
    `export default { name: 'x', model: [], triggers: [{ ...${trigger}, on: { classes: [] } }] }`,
  ],
  [
    'does not export a module by default: methods.m.params',
    `export default { name: 'x', model: [], methods: { m: { run() {} } } }`,
  ],
  [
    'triggers.0: "runs" is no key of it; do you mean "run"?',
    `export default { name: 'x', model: [], triggers: [{ name: 'a', kind: 'sync', on: { classes: ['core:class:Doc'] }, runs() {} }] }`,
  ],
  [
    '"trigers" is no key of it; do you mean "triggers"?',
    `export default { name: 'x', model: [], trigers: [${trigger}] }`,
  ],
  ['"models" is no key of it; do you mean "model"?', `export default { name: 'x', models: [] }`],
  [
    'triggers.0.on: "class" is no key of it',
    `export default { name: 'x', model: [], triggers: [{ ...${trigger}, on: { class: ['core:class:Doc'] } }] }`,
  ],
  [
    'methods.m: "param" is no key of it; do you mean "params"?',
    `export default { name: 'x', model: [], methods: { m: { param: 1, run() {} } } }`,
  ],
  [
    '"anything" is no key of it, which are name, version,',
    `export default { name: 'x', model: [], anything: 1 }`,
  ],
  [
    'has a job j with an invalid cron expression or time zone: ',
    `export default { name: 'x', model: [], jobs: { j: { cron: '61 * * * *', run() {} } } }`,
  ],
  [
    'has a job j with an invalid cron expression or time zone: ',
    `export default { name: 'x', model: [], jobs: { j: { cron: '* * * * *', timeZone: 'Mars/Base', run() {} } } }`,
  ],
  [
    'has a trigger and a job a',
    `export default { name: 'x', model: [], triggers: [${trigger}], jobs: { a: { run() {} } } }`,
  ],
  [
    'has settings without defaults for all fields',
    `export default { name: 'x', model: [], settings: { parse() {}, safeParse: () => ({ success: false, error: { issues: [] } }) } }`,
  ],
  ['requires chat@^2, which is not loaded', `export default { name: 'x', model: [], requires: ['chat@^2'] }`],
  ['requires x@zz, whose range', `export default { name: 'x', model: [], requires: ['x@zz'] }`],
  ['requires itself: x > x', `export default { name: 'x', model: [], requires: ['x'] }`],
  [
    'has the version 2, which is not a semantic version',
    `export default { name: 'x', version: '2', model: [] }`,
  ],
  ['has two triggers a', `export default { name: 'x', model: [], triggers: [${trigger}, ${trigger}] }`],
  [
    'has two migrations m',
    `const m = { name: 'm', run() {} }; export default { name: 'x', model: [], migrations: [m, m] }`,
  ],
  [
    'has a trigger a for x:class:No, which is no class',
    `export default { name: 'x', model: [], triggers: [{ ...${trigger}, on: { classes: ['x:class:No'] } }] }`,
  ],
  [
    'has a model that does not stand: ',
    `export default { name: 'x', model: [{ _id: 't', _class: 'core:class:TxCreateDoc', space: 'core:space:Tx', objectId: 'x:class:X', objectClass: 'core:class:Class', objectSpace: 'core:space:Model', modifiedBy: 's', modifiedOn: 1, attributes: { kind: 0, extends: 'x:class:No' } }] }`,
  ],
  [
    'has a migration m that does not stand: core:status:UnknownClass',
    `export default { name: 'x', model: [], migrations: [{ name: 'm', each: { class: 'x:class:No' }, run() {} }] }`,
  ],
  [
    'does not export a module by default: migrations.0.batch',
    `export default { name: 'x', model: [], migrations: [{ name: 'm', each: { class: 'core:class:Doc' }, batch: 0, run() {} }] }`,
  ],
  ['has a unique key of x:X with b, which is no attribute', unique(`{ fields: ['a', 'b'] }`)],
  [
    'has a unique key of x:X that does not stand: core:status:InvalidQuery',
    unique(`{ fields: ['a'], where: { a: { $near: 1 } } }`),
  ],
  ['cannot be loaded: ', 'export default {'],
]

describe('modules of the configuration', () => {
  test('MOD-9: a missing or invalid module ends the start with an error that names it and what is wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
    onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
    for (const [at, [complaint, source]] of wrong.entries()) {
      const path = join(folder, `m${at}.mjs`)
      await writeFile(path, source)
      await expect(loadModules([path])).rejects.toThrow(
        satisfying(({ name, message }: Error) => {
          expect(name).toBe('ConfigurationError')
          expectFor(message, message.startsWith('ATRIUM_MODULES: ')).toBe(true)
          expectFor(message, message).toContain(complaint)
          return message.includes(path) || message.includes(': x ')
        }),
      )
    }
    await expect(loadModules(['board', 'board'])).rejects.toThrow(/ATRIUM_MODULES: board is there twice/)
  })

  test('MOD-10: modules are loaded by name and by path, with all their declarations', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
    onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'mine.mjs')
    await writeFile(path, `export default { name: 'mine', model: [], triggers: [${trigger}] }`)
    const modules = await loadModules(['board', path])
    expect(modules.map(({ name }) => name)).toStrictEqual(['board', 'mine'])
    expect(modules[1]?.triggers?.[0]?.name).toBe('a')
  })

  test('MOD-160: instances of classes declare a module as plain objects do, and their methods keep their `this`', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
    onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'instances.mjs')
    await writeFile(
      path,
      `class Base {
        #told = 'from a private field'
        kind = 'sync'
        own = 1
        on = { classes: ['board:class:Task'], transactions: ['core:class:TxCreateDoc'] }
        run({ after, bySystem }) { return [bySystem.update(after, { description: this.#told })] }
      }
      class Named extends Base { get name() { return 'describe' } }
      class Counting {
        params = { safeParse: (value) => ({ success: true, data: value }), parse: (value) => value }
        #calls = 0
        run() { return (this.#calls += 1) }
      }
      class Module {
        name = 'instances'
        model = []
        methods = { count: new Counting() }
        get triggers() { return [new Named()] }
      }
      export default new Module()`,
    )
    const { url, token } = await testServer({ modules: `board,${TEST_SPACES},${path}` })
    const ann = await RawClient.open(url, token('ann'))
    await ann.request('tx', [createTask('t1', { title: 'a' })])
    const [task] = (await ann.request('findAll', ['board:class:Task', {}])) as { description: string }[]
    expect(task?.description).toBe('from a private field')
    expect([
      await ann.request('instances.count', []),
      await ann.request('instances.count', []),
    ]).toStrictEqual([1, 2])
  })

  test('MOD-163: a module comes after those that it requires, and otherwise by name, in whatever order they are named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
    onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
    const declared = { a: ['d'], b: [], c: ['a@^1', 'b'], d: ['b@1.2.x'] }
    const paths = Object.keys(declared).map((name) => join(folder, `${name}.mjs`))
    for (const [name, requires] of Object.entries(declared)) {
      const module = { name, version: '1.2.3', model: [], requires }
      await writeFile(join(folder, `${name}.mjs`), `export default ${JSON.stringify(module)}`)
    }
    for (const order of [paths, paths.toReversed(), [...paths.slice(2), ...paths.slice(0, 2)]]) {
      const modules = await loadModules(order)
      expect(modules.map(({ name }) => name).join('')).toBe('bdac')
    }
    await writeFile(paths[1] ?? '', `export default { name: 'b', version: '1.3.0', model: [] }`)
    const again = join(folder, 'b2.mjs')
    await writeFile(again, `export default { name: 'b', version: '1.3.0', model: [] }`)
    await expect(loadModules([again, paths[3] ?? ''])).rejects.toThrow(
      'ATRIUM_MODULES: d requires b@1.2.x, but b has 1.3.0',
    )
  })

  test('MOD-164: `atrium modules` prints what modules declare in the order in which they work, and `check` what is wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
    onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'mine.mjs')
    await writeFile(
      path,
      `setInterval(() => undefined, 1000)
      export default {
        name: 'mine', version: '1.0.0', requires: ['board'], enabledIn: 'new', model: [], triggers: [${trigger}],
        jobs: { nightly: { cron: '0 3 * * *', timeZone: 'Asia/Tokyo', run() {} }, asked: { run() {} } },
      }`,
    )
    const printed = await atrium(['modules'], { ATRIUM_MODULES: `${path},board` })
    expect(printed.code).toBe(0)
    expect(printed.stdout.indexOf('board (no version)')).toBe(0)
    for (const line of [
      'mine 1.0.0',
      '  works in new workspaces, and where it is turned on',
      '  requires board',
      '  sync trigger a: core:class:Doc',
      '  job nightly: 0 3 * * * (Asia/Tokyo)',
      '  job asked: when asked for',
      '  method board.archiveDone',
    ])
      expect(printed.stdout.split('\n')).toContain(line)
    await writeFile(path, `setInterval(() => undefined, 1000); export default { name: 'mine' }`)
    const checked = await atrium(['modules', 'check', path])
    expect(checked).toMatchObject({ code: 2, stdout: '' })
    expect(checked.stderr).toContain('does not export a module by default: model')
  })

  test('MOD-161: an import that never settles is cut off and named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
    onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'waits.mjs')
    await writeFile(path, `await new Promise(() => undefined); export default { name: 'x', model: [] }`)
    await expect(loadModules([path], 50)).rejects.toThrow(
      `ATRIUM_MODULES: ${path} cannot be loaded: its import took longer`,
    )
  })

  test('MOD-162: timers that a module leaves running hold up neither a stop nor a failed start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-modules-'))
    onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'leaks.mjs')
    await writeFile(path, `setInterval(() => undefined, 1000); export default { name: 'leaks', model: [] }`)
    const server = await ServerProcess.start(join(folder, 'data'), { ATRIUM_MODULES: path })
    expect(await server.stop()).toBe(0)
    const wrong = { ATRIUM_MODULES: `${path},./missing.mjs` }
    await expect(ServerProcess.start(join(folder, 'data'), wrong)).rejects.toThrow(
      'the server ended before it listened',
    )
  })
})

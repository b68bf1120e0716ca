import { describe, expect, test } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadModules } from '../../server/modules/load-modules.ts'
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
})

import { describe, expect, test } from '@jest/globals'
import { board } from '../../examples/board/model.ts'
import { StatusError } from '../../model/status.ts'
import { change } from '../support/transactions.ts'
import { expectFor, satisfying } from '../support/expecting.ts'
import { temporaryFolder } from '../support/executable.ts'
import { waitUntil } from '../support/wait-until.ts'
import { addTask, comments, deadLetters, enterModule, startModule } from './running-modules.ts'
import { ways } from './stray-ways.ts'

const stray = new URL('./stray-module.js', import.meta.url)

describe('errors that a module leaves to nobody', () => {
  test('MOD-20: a rejection or exception that nobody caught in a run of a module is logged with its module, trigger, workspace and transaction, and fails that run only', async () => {
    const server = startModule(stray, await temporaryFolder())
    const ann = await enterModule(server, 'w1', { admin: 'true' })
    const other = await enterModule(server, 'w2')
    await addTask(other, 'before')
    const strayWays = Object.keys(ways).filter((way) => way !== 'late')
    for (const [at, way] of strayWays.entries()) {
      await addTask(ann, way)
      await waitUntil(async () => (await deadLetters(ann)).length === at + 1, `the dead letter of ${way}`)
    }
    await addTask(ann, 'sound')
    await waitUntil(async () => (await comments(ann)).includes('sound'), 'the trigger')
    expect(await comments(ann)).toStrictEqual(['sound'])
    await addTask(other, 'later')
    await waitUntil(async () => (await comments(other)).length === 2, 'the trigger of the other workspace')
    const lines = server.stderr.split('\n').filter((line) => line.includes('a module left'))
    for (const { transaction } of await deadLetters(ann)) {
      const [line = ''] = lines.filter((each) => each.includes(transaction))
      for (const name of ['"module":"stray"', '"name":"leave"', '"workspace":"w1"'])
        expectFor(`${transaction} ${name}`, line.includes(name)).toBe(true)
    }
  })

  test('MOD-21: an error that nobody caught after the end of its run is logged, and fails nothing', async () => {
    const server = startModule(stray, await temporaryFolder())
    const ann = await enterModule(server, 'w1', { admin: 'true' })
    await addTask(ann, 'late after')
    await server.said(/a module left an exception to nobody: the run had ended/)
    await waitUntil(async () => (await comments(ann)).length === 1, 'the trigger')
    expect(await deadLetters(ann)).toHaveLength(0)
    // One that Node reports before the next turn of the event loop is known before the commit.
    await addTask(ann, 'rejection after')
    await waitUntil(async () => (await deadLetters(ann)).length === 1, 'the dead letter')
    expect(await comments(ann)).toStrictEqual(['late after'])
  })

  test('MOD-22: an error that nobody caught and that comes from no run of a module ends the server with 1', async () => {
    const server = startModule(stray, await temporaryFolder(), { STRAY_AT_IMPORT: '1' })
    expect(await server.ended()).toBe(1)
    expect(server.stderr).toMatch(/Error: left to nobody\n +at /)
  })

  test('MOD-23: a transaction whose run ended the server twice becomes a dead letter, and the others have their effects once', async () => {
    const data = await temporaryFolder()
    const first = startModule(stray, data)
    const before = await enterModule(first)
    for (const title of ['a', 'b']) await addTask(before, title)
    await addTask(before, 'ends').catch(() => undefined)
    await addTask(before, 'c').catch(() => undefined)
    expect(await first.ended()).toBe(7)
    const second = startModule(stray, data)
    await enterModule(second).catch(() => undefined)
    expect(await second.ended()).toBe(7)
    const third = startModule(stray, data)
    const ann = await enterModule(third, 'w1', { admin: 'true' })
    await addTask(ann, 'd')
    await waitUntil(async () => (await comments(ann)).includes('d'), 'the trigger')
    const tasks = (await ann.findAll('board:class:Task' as never)).map(({ _id }) => String(_id))
    expect(await comments(ann)).toStrictEqual(tasks.filter((task) => task !== 'ends').toSorted())
    const letters = await deadLetters(ann)
    expect(letters.map(({ message }) => message)).toStrictEqual([
      'the server ended 2 times while the trigger ran',
    ])
    expect(await third.end('SIGTERM')).toBe(0)
  })

  test('MOD-49: an error that a synchronous trigger or a method leaves to nobody fails the request or is logged, and the server goes on', async () => {
    const server = startModule(stray, await temporaryFolder())
    const ann = await enterModule(server)
    const failed = satisfying(
      (error) => error instanceof StatusError && error.status.code === 'platform:status:InternalServerError',
    )
    for (const way of ['rejection', 'timer', 'microtask', 'socket']) {
      await expect(ann.request('stray.leave', [way])).rejects.toThrow(failed as Error)
      await expect(ann.tx(createProject(way))).rejects.toThrow(failed as Error)
    }
    await server.said(/"kind":"method","name":"leave","workspace":"w1","caller":"account:ann"/)
    await server.said(/"kind":"sync trigger","name":"leave-at-once","workspace":"w1","transaction"/)
    await ann.tx(createProject('sound'))
    expect(await ann.findAll(board.class.Project, { name: 'sound' })).toHaveLength(1)
  })
})

function createProject(name: string) {
  const attributes = { name, description: '', private: false, members: [], archived: false, identifier: name }
  return change(
    'core:class:TxCreateDoc',
    name,
    board.class.Project,
    { space: 'core:space:Space' },
    { attributes },
  )
}

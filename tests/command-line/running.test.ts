import { describe, expect, test } from '@jest/globals'
import { atrium, type Environment, RunningAtrium, temporaryFolder } from '../support/executable.ts'
import { expectFor } from '../support/expecting.ts'

const task = 'board:class:Task'
const first = '000000de0100000000000001'

/** A server with the demo, in its own process; commands are given its address. */
async function demoServer() {
  const env: Environment = { ATRIUM_DATA: await temporaryFolder(), ATRIUM_PORT: '0' }
  const server = new RunningAtrium(['start'], env)
  const url = (await server.line(/listening on/)).replace(/^.*(?=http:)/, '')
  const run = async (...args: string[]) => await atrium([...args, '--url', url], env)
  const done = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args)
    // Except for the number of further documents.
    const complaints = stderr.replace(/^\d+ more: --limit prints more than \d+\n/, '')
    expectFor(args.join(' '), [code, complaints]).toStrictEqual([0, ''])
    return stdout
  }
  return { server, url, env, run, done }
}

const documents = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('commands with a server', () => {
  test('CFG-30: start prints its address and commands to try, and these commands do to the demo what they say', async () => {
    const { server, done, run } = await demoServer()
    await server.line(/scripts\/atrium watch demo --as ann/)
    const flags = ['--limit', '3', '--sort', '{"rank":-1}', '--as', 'bob']
    const found = documents(await done('find', 'demo', task, '{"status":"done"}', ...flags))
    expect(found).toHaveLength(3)
    expect(found.every(({ status }) => status === 'done')).toBe(true)
    const ranks = found.map(({ rank }) => String(rank))
    expect(ranks).toStrictEqual([...ranks].sort().reverse())
    const packed = documents(await done('find', 'demo', task, '{"status":"done"}', ...flags, '--binary'))
    expect(packed).toStrictEqual(found)

    const space = ['--space', 'board:project:WEB', '--as', 'bob']
    const id = (await done('create', 'demo', task, '{"title":"made by hand"}', ...space)).trim()
    expect(id).toMatch(/^[0-9a-f]{24}$/)
    const parent = ['--parent', `${task},${id}`, '--collection', 'comments']
    await done('create', 'demo', 'board:class:Comment', '{"message":"well"}', ...space, ...parent)
    const [updated] = documents(
      await done('update', 'demo', task, id, '{"$push":{"labels":"new"}}', '--as', 'ann'),
    )
    expect([
      updated?.['labels'],
      updated?.['comments'],
      updated?.['modifiedBy'],
      updated?.['createdBy'],
    ]).toStrictEqual([['new'], 1, 'account:ann', 'account:bob'])
    expect(await done('remove', 'demo', task, id, '--as', 'ann')).toBe('')
    expect(await done('find', 'demo', task, JSON.stringify({ _id: id }), '--as', 'ann')).toBe('')
    const missing = await run('update', 'demo', task, id, '{}', '--as', 'ann')
    expect(missing).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: `atrium: core:status:ObjectNotFound _id: ${id}\n`,
    })
    const stranger = await run('find', 'demo', task, '--as', 'eve')
    expect(stranger.code).toBe(1)
    expect(stranger.stderr).toMatch(/^atrium: platform:status:Forbidden message: .*\n$/)
  })

  test('CFG-31: watch as ann prints what update as bob commits, and ends with 0 when interrupted', async () => {
    const { url, env, done } = await demoServer()
    const watch = new RunningAtrium(['watch', 'demo', '--as', 'ann', '--url', url], env)
    await watch.said(/watching demo/)
    await done('update', 'demo', task, first, '{"status":"done"}', '--as', 'bob')
    const line = await watch.line(/TxUpdateDoc/)
    const { objectId, modifiedBy, operations } = JSON.parse(line) as Record<string, unknown>
    expect([objectId, modifiedBy, operations]).toStrictEqual([first, 'account:bob', { status: 'done' }])
    expectFor(watch.stderr, await watch.end('SIGINT')).toBe(0)
  })

  test('CFG-32: workspace create and list call the accounts service, and the owner can enter', async () => {
    const { done, run } = await demoServer()
    expect(await done('workspace', 'create', 'Team Rocket', '--owner', 'carl')).toBe('team-rocket\n')
    const ids = documents(await done('workspace', 'list')).map(({ workspaceId }) => String(workspaceId))
    expect(ids.sort()).toStrictEqual(['demo', 'team-rocket'])
    expect(await done('find', 'team-rocket', task, '--as', 'carl')).toBe('')
    const again = await run('workspace', 'create', 'team rocket')
    const stderr = 'atrium: platform:status:WorkspaceExists workspace: team-rocket\n'
    expect(again).toStrictEqual({ code: 1, stdout: '', stderr })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'CFG-33: a server stops gracefully and ends with 0, whoever is connected (%s)',
    async (signal) => {
      const { server, url, env } = await demoServer()
      const watch = new RunningAtrium(['watch', 'demo', '--as', 'ann', '--url', url], env)
      await watch.said(/watching demo/)
      expect(await server.end(signal)).toBe(0)
      expect(server.stderr).toBe('')
      await watch.said(/the connection closed with 1012/)
      expect(await watch.ended()).toBe(1)
    },
  )

  test('CFG-34: a reader that closes the output ends a command without an error', async () => {
    const { url, env } = await demoServer()
    const args = ['find', 'demo', task, '--limit', '2000', '--as', 'ann', '--url', url]
    const find = new RunningAtrium(args, env)
    find.child.stdout.destroy()
    expect(await find.ended()).toBe(0)
    expect(find.stderr).toBe('')
  })

  test('CFG-35: a second start on the same folder leaves the demo as it is', async () => {
    const { server, env, done, url: firstUrl } = await demoServer()
    await done('update', 'demo', task, first, '{"title":"kept"}', '--as', 'bob')
    const admin = (await atrium(['token', '', '--as', 'root', '--admin'], env)).stdout.trim()
    const removal = { method: 'removeMember', params: ['bob', 'demo'] }
    const headers = { authorization: `Bearer ${admin}` }
    const answer = await fetch(`${firstUrl}/accounts`, {
      method: 'POST',
      headers,
      body: JSON.stringify(removal),
    })
    expect(await answer.json()).toStrictEqual({ result: { email: 'bob', workspaceId: 'demo' } })
    expect(await server.end('SIGTERM')).toBe(0)
    const again = new RunningAtrium(['start'], env)
    const url = (await again.line(/listening on/)).replace(/^.*(?=http:)/, '')
    const { stdout } = await atrium(
      ['find', 'demo', task, JSON.stringify({ _id: first }), '--as', 'ann', '--url', url],
      env,
    )
    expect(documents(stdout)[0]?.['title']).toBe('kept')
    const removed = await atrium(['find', 'demo', task, '--as', 'bob', '--url', url], env)
    expect(removed.stderr).toMatch(/platform:status:Forbidden/)
    expect(await again.end('SIGTERM')).toBe(0)
    expect(again.lines.some((line) => line.includes('atrium watch'))).toBe(false)
  })
})

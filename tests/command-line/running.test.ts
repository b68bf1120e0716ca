import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { atrium, type Environment, RunningAtrium, temporaryFolder } from '../support/executable.ts'

const task = 'board:class:Task'
const first = '000000de0100000000000001'

/** A server with the demo, in a process of its own; commands are told where it is. */
async function demoServer(context: TestContext) {
  const env: Environment = { ATRIUM_DATA: await temporaryFolder(context), ATRIUM_PORT: '0' }
  const server = new RunningAtrium(context, ['start'], env)
  const url = (await server.line(/listening on/)).replace(/^.*(?=http:)/, '')
  const run = async (...args: string[]) => await atrium([...args, '--url', url], env)
  const done = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args)
    // But how many more there are.
    const complaints = stderr.replace(/^\d+ more: --limit prints more than \d+\n/, '')
    assert.deepEqual([code, complaints], [0, ''], args.join(' '))
    return stdout
  }
  return { server, url, env, run, done }
}

const documents = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

test('CFG-30: start says where it listens and what to try, and the commands do to the demo what they say', async (context) => {
  const { server, done, run } = await demoServer(context)
  await server.line(/scripts\/atrium watch demo --as ann/)
  const flags = ['--limit', '3', '--sort', '{"rank":-1}', '--as', 'bob']
  const found = documents(await done('find', 'demo', task, '{"status":"done"}', ...flags))
  assert.equal(found.length, 3)
  assert.ok(found.every(({ status }) => status === 'done'))
  const ranks = found.map(({ rank }) => String(rank))
  assert.deepEqual(ranks, [...ranks].sort().reverse())
  const packed = documents(await done('find', 'demo', task, '{"status":"done"}', ...flags, '--binary'))
  assert.deepEqual(packed, found)

  const space = ['--space', 'board:project:WEB', '--as', 'bob']
  const id = (await done('create', 'demo', task, '{"title":"made by hand"}', ...space)).trim()
  assert.match(id, /^[0-9a-f]{24}$/)
  const parent = ['--parent', `${task},${id}`, '--collection', 'comments']
  await done('create', 'demo', 'board:class:Comment', '{"message":"well"}', ...space, ...parent)
  const [updated] = documents(
    await done('update', 'demo', task, id, '{"$push":{"labels":"new"}}', '--as', 'ann'),
  )
  assert.deepEqual(
    [updated?.['labels'], updated?.['comments'], updated?.['modifiedBy'], updated?.['createdBy']],
    [['new'], 1, 'account:ann', 'account:bob'],
  )
  assert.equal(await done('remove', 'demo', task, id, '--as', 'ann'), '')
  assert.equal(await done('find', 'demo', task, JSON.stringify({ _id: id }), '--as', 'ann'), '')
  const missing = await run('update', 'demo', task, id, '{}', '--as', 'ann')
  assert.deepEqual(missing, {
    code: 1,
    stdout: '',
    stderr: `atrium: core:status:ObjectNotFound _id: ${id}\n`,
  })
  const stranger = await run('find', 'demo', task, '--as', 'eve')
  assert.equal(stranger.code, 1)
  assert.match(stranger.stderr, /^atrium: platform:status:Forbidden message: .*\n$/)
})

test('CFG-31: watch as ann prints what update as bob commits, and ends with 0 when interrupted', async (context) => {
  const { url, env, done } = await demoServer(context)
  const watch = new RunningAtrium(context, ['watch', 'demo', '--as', 'ann', '--url', url], env)
  await watch.said(/watching demo/)
  await done('update', 'demo', task, first, '{"status":"done"}', '--as', 'bob')
  const line = await watch.line(/TxUpdateDoc/)
  const { objectId, modifiedBy, operations } = JSON.parse(line) as Record<string, unknown>
  assert.deepEqual([objectId, modifiedBy, operations], [first, 'account:bob', { status: 'done' }])
  assert.equal(await watch.end('SIGINT'), 0, watch.stderr)
})

test('CFG-32: workspace create and list ask the accounts, and the owner may enter', async (context) => {
  const { done, run } = await demoServer(context)
  assert.equal(await done('workspace', 'create', 'Team Rocket', '--owner', 'carl'), 'team-rocket\n')
  const ids = documents(await done('workspace', 'list')).map(({ workspaceId }) => String(workspaceId))
  assert.deepEqual(ids.sort(), ['demo', 'team-rocket'])
  assert.equal(await done('find', 'team-rocket', task, '--as', 'carl'), '')
  const again = await run('workspace', 'create', 'team rocket')
  const stderr = 'atrium: platform:status:WorkspaceExists workspace: team-rocket\n'
  assert.deepEqual(again, { code: 1, stdout: '', stderr })
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`CFG-33: a server stops in good order and ends with 0, whoever is connected (${signal})`, async (context) => {
    const { server, url, env } = await demoServer(context)
    const watch = new RunningAtrium(context, ['watch', 'demo', '--as', 'ann', '--url', url], env)
    await watch.said(/watching demo/)
    assert.equal(await server.end(signal), 0)
    assert.equal(server.stderr, '')
    await watch.said(/the connection closed with 1012/)
    assert.equal(await watch.ended(), 1)
  })
}

test('CFG-34: a reader that goes away ends a command in silence', async (context) => {
  const { url, env } = await demoServer(context)
  const args = ['find', 'demo', task, '--limit', '2000', '--as', 'ann', '--url', url]
  const find = new RunningAtrium(context, args, env)
  find.child.stdout.destroy()
  assert.equal(await find.ended(), 0)
  assert.equal(find.stderr, '')
})

test('CFG-35: a second start on the same folder leaves the demo as it is', async (context) => {
  const { server, env, done, url: firstUrl } = await demoServer(context)
  await done('update', 'demo', task, first, '{"title":"kept"}', '--as', 'bob')
  const admin = (await atrium(['token', '', '--as', 'root', '--admin'], env)).stdout.trim()
  const removal = { method: 'removeMember', params: ['bob', 'demo'] }
  const headers = { authorization: `Bearer ${admin}` }
  const answer = await fetch(`${firstUrl}/accounts`, {
    method: 'POST',
    headers,
    body: JSON.stringify(removal),
  })
  assert.deepEqual(await answer.json(), { result: { email: 'bob', workspaceId: 'demo' } })
  assert.equal(await server.end('SIGTERM'), 0)
  const again = new RunningAtrium(context, ['start'], env)
  const url = (await again.line(/listening on/)).replace(/^.*(?=http:)/, '')
  const { stdout } = await atrium(
    ['find', 'demo', task, JSON.stringify({ _id: first }), '--as', 'ann', '--url', url],
    env,
  )
  assert.equal(documents(stdout)[0]?.['title'], 'kept')
  const removed = await atrium(['find', 'demo', task, '--as', 'bob', '--url', url], env)
  assert.match(removed.stderr, /platform:status:Forbidden/)
  assert.equal(await again.end('SIGTERM'), 0)
  assert.ok(!again.lines.some((line) => line.includes('atrium watch')))
})

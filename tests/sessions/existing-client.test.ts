import { expect, test } from '@jest/globals'
import { RawClient } from '../support/raw-client.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { testServer } from '../support/test-server.ts'
import { expectThat } from '../support/expecting.ts'

test('SRV-51: an existing client connects, loads the model, finds, commits, receives pushes, and survives an upgrade and a force-close', async () => {
  const { url, token, server } = await testServer({ storage: 'embedded', accounts: 'builtin', demo: '1' })
  const enter = async (name: string, hello = {}) => {
    for (;;) {
      const client = new RawClient(url, token(name, 'demo'), { sessionId: `session-${name}` })
      await new Promise((resolve) => client.socket.once('open', resolve))
      client.send({ method: 'hello', params: [], id: -1, ...hello })
      const first = await client.wait(({ id }) => id === -1)
      if (first.result === 'hello') return client
      expect((first.result as { state?: string }).state).toBe('upgrading')
      await client.waitForClose()
    }
  }
  let ann = await enter('ann', { binary: true, compression: true })
  let bob = await enter('bob')
  const model = (await ann.request('loadModel', [0])) as { _class: string; modifiedOn: number }[]
  expect(model.some(({ _class }) => _class === 'core:class:TxCreateDoc')).toBe(true)
  const account = (await bob.request('getAccount')) as { _id: string; role: string }
  expect(account.role).toBe('USER')
  const tasks = (await ann.request('findAll', ['board:class:Task', {}, { limit: 3, total: true }])) as {
    _id: string
    space: string
  }[] & { total: number }
  expect([tasks.length, tasks.total]).toStrictEqual([3, 2000])
  const [task] = tasks
  expectThat(task !== undefined)
  await bob.request('tx', [updateTask(task._id, { status: 'done' }, { by: account._id, space: task.space })])
  await ann.waitForPush((tx) => tx['objectId'] === task._id)

  for (const client of [ann, bob]) {
    void client
      .wait(({ result }) => (result as { _class?: string } | null)?._class === 'core:class:TxModelUpgrade')
      .then(() => client.send({ method: '#upgrading', params: [], id: -1 }))
  }
  const tool = await RawClient.open(url, token('tool', 'demo', { model: 'upgrade' }))
  await Promise.all([ann.waitForClose(), bob.waitForClose()])
  expect(await tool.request('forceClose')).toBe(true)
  await tool.waitForClose()
  ;[ann, bob] = await Promise.all([enter('ann', { binary: true }), enter('bob')])

  const headers = { authorization: `Bearer ${token('root', '', { admin: 'true' })}` }
  await fetch(`${server.url}/api/v1/manage?operation=force-close&wsId=demo`, { method: 'PUT', headers })
  await Promise.all([ann.waitForClose(), bob.waitForClose()])
  bob = await enter('bob')
  await bob.request('tx', [createTask('after', { title: 'still here' }, { by: account._id })])
  expect(
    ((await bob.request('findAll', ['board:class:Task', { _id: task._id }])) as { status: string }[])[0]
      ?.status,
  ).toStrictEqual('done')
})

import { describe, expect, test } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import type { DeadLetter } from '../../pipeline/modules/module-state.ts'
import type { TriggerStatus } from '../../pipeline/triggers/trigger-status.ts'
import { atrium } from '../support/executable.ts'
import { RawClient } from '../support/raw-client.ts'
import { TEST_SECRET, TEST_SPACES, testServer, type TestServer } from '../support/test-server.ts'
import { createTask, updateTask } from '../support/transactions.ts'
import { waitUntil } from '../support/wait-until.ts'

const away = fileURLToPath(new URL('./away-module.js', import.meta.url))

interface Triggers {
  triggers: TriggerStatus[]
}

/** A workspace in which one transaction waits for its next run, and one is a dead letter. */
async function withFailures() {
  const host = await testServer({ modules: `board,${TEST_SPACES},${away}` })
  const ann = await RawClient.open(host.url, host.token('ann'))
  for (const title of ['away', 'refused', 'sound']) await ann.request('tx', [createTask(title, { title })])
  const rest = async (method: string, path: string, admin = true) => {
    const token = host.token('root', '', admin ? { admin: 'true' } : {})
    const headers = { authorization: `Bearer ${token}` }
    return await fetch(`${host.server.url}/api/v1/workspaces/w1/${path}`, { method, headers })
  }
  const status = async (): Promise<TriggerStatus | undefined> => {
    const { triggers } = (await (await rest('GET', 'triggers')).json()) as Triggers
    return triggers.find(({ trigger }) => trigger === 'away.call')
  }
  await waitUntil(async () => (await status())?.runs.length === 3, 'the runs')
  await waitUntil(async () => (await status())?.deadLetters === 1, 'the dead letter')
  return { host, ann, rest, status }
}

async function comments(ann: RawClient): Promise<string[]> {
  const found = (await ann.request('findAll', ['board:class:Comment', {}])) as { message: string }[]
  return found.map(({ message }) => message).toSorted()
}

async function mend(ann: RawClient, task: string): Promise<void> {
  await ann.request('tx', [updateTask(task, { title: `mended ${task}` })])
}

const command = async (host: TestServer, ...flags: string[]) =>
  await atrium(['triggers', 'w1', '--url', host.server.url, ...flags], { ATRIUM_SECRET: TEST_SECRET })

describe('administration of asynchronous triggers', () => {
  test('MOD-40: administrators see the position, the lag, the failing transactions, the dead letters and the last runs of each trigger, and send dead letters again', async () => {
    const { ann, rest, status } = await withFailures()
    const seen = await status()
    expect(seen).toMatchObject({ state: 'busy', running: 0, deadLetters: 1 })
    expect(seen?.lag).toMatchObject({ transactions: 1, unread: 0, failing: 1 })
    expect(seen?.failing[0]).toMatchObject({ key: 'away', count: 1 })
    expect(seen?.failing[0]?.attempts[0]?.message).toBe('the service is away')
    expect(seen?.position).toBeLessThan(seen?.end ?? 0)
    const runs = seen?.runs.map(({ key, outcome, made, message }) => [key, outcome, made, message])
    expect(runs).toStrictEqual([
      ['sound', 'done', 1, undefined],
      ['refused', 'failed', 0, 'the service refuses it'],
      ['away', 'failed', 0, 'the service is away'],
    ])
    const { letters, total } = (await (await rest('GET', 'dead-letters?limit=5')).json()) as {
      letters: DeadLetter[]
      total: number
    }
    expect([letters.length, total]).toStrictEqual([1, 1])
    const id = letters[0]?._id ?? ''
    const letter = (await (await rest('GET', `dead-letters/${id}`)).json()) as DeadLetter
    expect(JSON.parse(letter.payload ?? '')).toMatchObject({ objectId: 'refused' })
    await mend(ann, 'refused')
    const redriven = await rest('PUT', `dead-letters/redrive?target=${id}`)
    expect(await redriven.json()).toStrictEqual({ redriven: 1 })
    await waitUntil(async () => (await comments(ann)).length === 2, 'what was sent again')
    expect(await comments(ann)).toStrictEqual(['mended refused', 'sound'])
    await waitUntil(async () => (await status())?.deadLetters === 0, 'the letter to be removed')
    expect((await rest('GET', `dead-letters/${id}`)).status).toBe(404)
    expect((await rest('PUT', 'dead-letters/redrive')).status).toBe(400)
    expect((await rest('GET', 'dead-letters?limit=x')).status).toBe(400)
  })

  test('MOD-41: only administrators see triggers and dead letters, and send them again', async () => {
    const { rest } = await withFailures()
    for (const [method, path] of [
      ['GET', 'triggers'],
      ['GET', 'dead-letters'],
      ['GET', 'dead-letters/x'],
      ['PUT', 'dead-letters/redrive?target=away.call'],
    ] as const)
      expect((await rest(method, path, false)).status).toBe(403)
  })

  test('MOD-42: `atrium triggers` lists triggers and dead letters, shows one, and sends them again', async () => {
    const { ann, host } = await withFailures()
    const listed = await command(host)
    expect(listed.stdout).toMatch(
      /^away\.call {2}busy, at \d+ of \d+, 1 wait, .* 1 failing, 1 dead letters$/m,
    )
    expect(listed.stdout).toMatch(/entry \d+ failed 1 times, next run .*: the service is away/)
    expect(listed.stdout).toMatch(/entry \d+, \d+ ms, made 1/)
    const letters = await command(host, '--dead-letters')
    const [id = ''] = /^[0-9a-f]+/.exec(letters.stdout) ?? []
    expect(letters.stdout).toMatch(/away\.call {2}entry \d+, 1 runs: the service refuses it$/m)
    const shown = await command(host, '--show', id)
    expect(JSON.parse(shown.stdout)).toMatchObject({ _id: id, payload: { objectId: 'refused' } })
    await mend(ann, 'refused')
    expect((await command(host, '--redrive', 'away.call')).stdout).toBe('1 sent again\n')
    await waitUntil(async () => (await comments(ann)).includes('mended refused'), 'what was sent again')
    const json = await command(host, '--json')
    expect((JSON.parse(json.stdout) as Triggers).triggers.map(({ trigger }) => trigger)).toContain(
      'away.call',
    )
    const unknown = await command(host, '--redrive', 'nobody')
    expect([unknown.code, unknown.stderr]).toStrictEqual([1, expect.stringContaining('ObjectNotFound')])
  })

  test('MOD-43: metrics count the runs, the failures and the lag of each trigger', async () => {
    const { host } = await withFailures()
    const text = await (await fetch(host.server.metricsUrl)).text()
    for (const line of [
      'atrium_trigger_duration_seconds_count{trigger="away.call"} 3',
      'atrium_trigger_duration_seconds_count{trigger="board.done-on"}',
      'atrium_trigger_failures_total{trigger="away.call",outcome="retried"} 1',
      'atrium_trigger_failures_total{trigger="away.call",outcome="dead-letter"} 1',
      'atrium_trigger_lag_transactions{trigger="away.call"} 1',
      'atrium_trigger_failing{trigger="away.call"} 1',
    ])
      expect(text).toContain(line)
    expect(text).toMatch(/atrium_trigger_lag_seconds\{trigger="away.call"\} [\d.]+/)
  })
})

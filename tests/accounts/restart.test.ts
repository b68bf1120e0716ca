import { describe, expect, test } from '@jest/globals'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { resolveConfiguration } from '../../server/configuration/configuration.ts'
import { startServer } from '../../server/main.ts'
import { temporaryFolder } from '../support/executable.ts'
import { RawClient } from '../support/raw-client.ts'
import { TEST_SPACES, TestLog } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'
import { onTestEnd } from '../support/on-test-end.ts'

describe('accounts after a restart', () => {
  test('ACC-20: accounts, workspaces, memberships and tokens survive a restart, and the secret is made once, readable by its owner only', async () => {
    const data = await temporaryFolder()
    const configuration = resolveConfiguration(
      {},
      { port: '0', data, demo: '0', modules: `board,${TEST_SPACES}` },
    )
    const call = async (url: string, token: string | undefined, method: string, ...params: unknown[]) => {
      const headers = { authorization: token === undefined ? '' : `Bearer ${token}` }
      const body = JSON.stringify({ method, params })
      const { result } = (await (
        await fetch(`${url}/accounts`, { method: 'POST', headers, body })
      ).json()) as {
        result: Record<string, string>
      }
      return result
    }
    const first = await startServer(configuration, { logger: new TestLog() })
    onTestEnd(async () => await first.stop())
    const { token: ann } = await call(first.url, undefined, 'createAccount', 'ann', 'correct horse')
    await call(first.url, ann, 'createWorkspace', 'team')
    const entry = await call(first.url, ann, 'selectWorkspace', 'team')
    const client = await RawClient.open(entry['endpoint'] ?? '', entry['token'] ?? '')
    await client.request('tx', [createTask('t1', { title: 'x' })])
    const secret = await readFile(join(data, 'secret'), 'utf8')
    expect((await stat(join(data, 'secret'))).mode & 0o777).toBe(0o600)
    expect(secret.trim().length).toBeGreaterThanOrEqual(43)
    await first.stop()
    expect((await client.waitForClose()).code).toBe(1012)

    const second = await startServer(configuration, { logger: new TestLog() })
    onTestEnd(async () => await second.stop())
    expect(await readFile(join(data, 'secret'), 'utf8')).toBe(secret)
    const { email } = await call(second.url, undefined, 'login', 'ann', 'correct horse')
    expect(email).toBe('ann')
    const again = await call(second.url, ann, 'selectWorkspace', 'team')
    expect(again['endpoint']).not.toBe(entry['endpoint'])
    const back = await RawClient.open(again['endpoint'] ?? '', entry['token'] ?? '')
    expect((await back.request('findAll', ['board:class:Task', {}])) as unknown[]).toHaveLength(1)
  })

  test('ACC-21: a password is stored as a salted hash only', async () => {
    const data = await temporaryFolder()
    const configuration = resolveConfiguration(
      {},
      { port: '0', data, demo: '0', modules: `board,${TEST_SPACES}` },
    )
    const server = await startServer(configuration, { logger: new TestLog() })
    onTestEnd(async () => await server.stop())
    for (const email of ['ann', 'bob']) {
      const body = JSON.stringify({ method: 'createAccount', params: [email, 'correct horse'] })
      const answer = await fetch(`${server.url}/accounts`, { method: 'POST', body })
      expect(await answer.text()).not.toMatch(/horse|password/)
    }
    await server.stop()
    const file = (await readFile(join(data, 'workspaces', 'w-atrium_3aaccounts.db'))).toString('latin1')
    expect(file).not.toMatch(/correct horse/)
    const hashes = new Set(file.match(/[A-Za-z0-9+/]{22}==:[A-Za-z0-9+/]{43}=/g))
    expect(hashes.size).toBe(2)
  })
})

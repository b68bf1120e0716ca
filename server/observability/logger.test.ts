import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from './logger.ts'

test('SRV-53: log lines are structured, and tokens, secrets and passwords are left out of them', () => {
  const lines: string[] = []
  const { logger } = createLogger('info', { write: (line) => lines.push(line) })
  logger.info(
    { session: 's1', workspace: 'w1', token: 'xyzzy', request: { password: 'xyzzy', secret: 'xyzzy' } },
    'a session opened',
  )
  logger.error({ err: new Error('broken') }, 'a request failed')
  assert.equal(lines.join('').includes('xyzzy'), false)
  const [opened, failed] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    [opened?.['session'], opened?.['workspace'], opened?.['msg']],
    ['s1', 'w1', 'a session opened'],
  )
  assert.equal((failed as { err: { message: string } }).err.message, 'broken')
})

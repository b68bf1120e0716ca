import { expect, test } from '@jest/globals'
import { createLogger } from './logger.ts'

test('SRV-53: log lines are structured, and contain no tokens, secrets or passwords', () => {
  const lines: string[] = []
  const { logger } = createLogger('info', { write: (line) => lines.push(line) })
  logger.info(
    { session: 's1', workspace: 'w1', token: 'xyzzy', request: { password: 'xyzzy', secret: 'xyzzy' } },
    'a session opened',
  )
  logger.error({ err: new Error('broken') }, 'a request failed')
  expect(lines.join('').includes('xyzzy')).toBe(false)
  const [opened, failed] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect([opened?.['session'], opened?.['workspace'], opened?.['msg']]).toStrictEqual([
    's1',
    'w1',
    'a session opened',
  ])
  expect((failed as { err: { message: string } }).err.message).toBe('broken')
})

import { expect, test } from '@jest/globals'
import { ReadTimeoutError } from '../../storage/shared/read-timeout.ts'
import { mapError } from './map-error.ts'
import { createLogger } from '../observability/logger.ts'

test('LIM-96: a read that was stopped at its deadline is answered with Timeout, which names the limit and its value', () => {
  const { logger } = createLogger('silent')
  const { code, params } = mapError(new ReadTimeoutError(10_000), logger)
  expect([code, params]).toStrictEqual([
    'platform:status:Timeout',
    { limit: 'milliseconds of a read', value: 10_000 },
  ])
})

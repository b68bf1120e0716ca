import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../model/clock.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import { type Flags, resolveConfiguration } from '../../server/configuration/configuration.ts'
import { startServer } from '../../server/main.ts'
import type { MemoryUse } from '../../server/memory/memory-budget.ts'
import type { RunningServer } from '../../server/running-server.ts'
import { type TokenClaims, Tokens } from '../../server/auth/tokens.ts'
import { FakeScheduler } from './fake-scheduler.ts'
import { onTestEnd } from './on-test-end.ts'

/** A module with the spaces for documents of tests. */
export const TEST_SPACES = fileURLToPath(new URL('test-spaces.js', import.meta.url))
/** Tests send more than a person does. */
export const NO_RATES: Flags = {
  accountRequests: '0',
  systemRequests: '0',
  accountBytes: '0',
  systemBytes: '0',
}
export const TEST_SECRET = 'a secret for tests, long enough to be one'

/** A log that tests can read. */
export class TestLog implements Logger {
  readonly lines: { level: string; fields: object; message: string }[] = []

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', fields, message })
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', fields, message })
  }

  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', fields, message })
  }
}

export interface TestServer {
  server: RunningServer
  /** `ws://HOST:PORT` */
  url: string
  data: string
  log: TestLog
  /** Stands still unless the test advances it; only with `fakeTime`. */
  time: FakeScheduler
  token: (email: string, workspace?: string, claims?: Partial<TokenClaims>) => string
}

/**
 * A real server on a free port of 127.0.0.1, which ends with the test. By default it is in memory and without accounts.
 */
export async function testServer(
  flags: Flags = {},
  options: { fakeTime?: boolean; memoryUse?: () => MemoryUse } = {},
): Promise<TestServer> {
  const data = await mkdtemp(join(tmpdir(), 'atrium-test-'))
  const log = new TestLog()
  const time = new FakeScheduler()
  const defaults: Flags = {
    port: '0',
    storage: 'memory',
    accounts: 'none',
    demo: '0',
    modules: `board,${TEST_SPACES}`,
    secret: TEST_SECRET,
    data,
    ...NO_RATES,
  }
  const configuration = resolveConfiguration({}, { ...defaults, ...flags })
  const overrides = {
    logger: log,
    ...(options.fakeTime === true ? { scheduler: time } : {}),
    ...(options.memoryUse === undefined ? {} : { memoryUse: options.memoryUse }),
  }
  const server = await startServer(configuration, overrides)
  onTestEnd(async () => {
    await server.stop()
    await rm(data, { recursive: true, force: true })
  })
  const tokens = new Tokens(
    configuration.secret ?? TEST_SECRET,
    options.fakeTime === true ? time.now : systemClock.now,
  )
  const token: TestServer['token'] = (email, workspace = 'w1', claims = {}) =>
    tokens.sign({ email, workspace, ...claims })
  return { server, url: server.url.replace('http', 'ws'), data, log, time, token }
}

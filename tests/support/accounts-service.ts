import { randomBytes } from 'node:crypto'
import { systemClock } from '../../model/clock.ts'
import type { ClassRef } from '../../model/class-ref.ts'
import type { Doc } from '../../model/documents.ts'
import { openWorkspace } from '../../pipeline/open-workspace.ts'
import { createMemoryStorage } from '../../storage/memory/storage.ts'
import { AccountsService } from '../../server/accounts/builtin/accounts-service.ts'
import { AccountsStore } from '../../server/accounts/builtin/accounts-store.ts'
import { accountsWorkspace } from '../../server/accounts/builtin/accounts-workspace.ts'
import { Tokens } from '../../server/auth/tokens.ts'
import { TestLog } from './test-server.ts'
import { onTestEnd } from './on-test-end.ts'

const now = systemClock.now
const logins = { loginAttempts: 10, addressLoginAttempts: 100, loginWait: 300_000 }

/** Delays reads of a class on request. */
class HeldStore extends AccountsStore {
  readonly holds = new Map<string, () => Promise<void>>()

  override async get<T extends Doc>(_class: ClassRef<T>, id: string): Promise<T | undefined> {
    await this.holds.get(_class)?.()
    return await super.get(_class, id)
  }
}

/** The built-in accounts service over storage in memory, without HTTP and without connections. */
export async function accountsService() {
  const storage = createMemoryStorage()
  const options = { storage, clock: { now }, logger: new TestLog() }
  const pipeline = await openWorkspace({ ...accountsWorkspace(now), ...options })
  onTestEnd(async () => await pipeline.close())
  const tokens = new Tokens(randomBytes(32).toString('hex'), now)
  const store = new HeldStore(pipeline)
  const service = new AccountsService({
    store,
    tokens,
    observer: {
      workspaceChanged: () => undefined,
      roleChanged: async () => await Promise.resolve(),
      memberRemoved: async () => await Promise.resolve(),
      tokensRevoked: () => undefined,
    },
    now,
    monotonic: systemClock.monotonic,
    reports: { hit: () => undefined },
    settings: { tokenTtl: 3600, loginMaxAge: 7200, signup: 'open', ...logins },
    modelVersion: { major: 1, minor: 0, patch: 0 },
    endpoint: () => 'ws://127.0.0.1',
  })
  const admin = tokens.sign({ email: 'root', admin: 'true' })
  /** Reads of the class wait until the earlier calls are done. */
  const hold = (_class: ClassRef, first: () => Promise<void>) => store.holds.set(_class, first)
  return { service, tokens, admin, hold }
}

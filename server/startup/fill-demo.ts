import { brand } from '../../model/brand.ts'
import { AccountRole, type Configuration } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCreateDoc } from '../../model/transactions.ts'
import { systemCaller } from '../../pipeline/shared/caller.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import { callAccounts } from '../accounts/accounts-rpc.ts'
import { SYSTEM_EMAIL, type Tokens } from '../auth/tokens.ts'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'
import type { Admission, Entry } from '../workspaces/admission.ts'
import { accountId, ensureAccount } from '../workspaces/resolve-caller.ts'

export const DEMO_WORKSPACE = 'demo'
export const DEMO_MEMBERS = [
  { email: 'ann', role: AccountRole.Owner },
  { email: 'bob', role: AccountRole.User },
] as const

export interface AccountsAddress {
  url: string
  fetch: typeof fetch
}

/** The document that marks the demo as complete. */
const FILLED = brand<Configuration>('atrium:configuration:DemoFilled')

/** Maximum uncommitted transactions while the demo is filled. */
const IN_FLIGHT = 512

/** Milliseconds that triggers have to process the demo. */
const TRIGGER_TIME = 30_000

/**
 * Creates and fills the demo workspace once, and continues an interrupted fill. Resolves when triggers have processed it,
 * so a client that watches from then on sees only what people do.
 * @returns whether there was anything to do
 */
export async function fillDemo(options: {
  admission: Admission
  modules: readonly AtriumModule[]
  tokens: Tokens
  /** The built-in accounts service; `undefined` without one. */
  accountsAt: AccountsAddress | undefined
  logger: Logger
  /** Aborts the fill. */
  signal: AbortSignal | undefined
}): Promise<boolean> {
  const { admission, accountsAt, logger, tokens } = options
  const accounts = accountsAt === undefined ? undefined : demoAccounts(accountsAt, tokens)
  const isNew = (await accounts?.makeWorkspace()) ?? false
  const token = tokens.verify(tokens.sign({ email: SYSTEM_EMAIL, admin: 'true', workspace: DEMO_WORKSPACE }))
  const work = async ({ pipeline }: Entry): Promise<boolean> => {
    const isFilled = pipeline.model.get(FILLED) !== undefined
    // A member who was removed from a complete demo stays out, unless the accounts know nothing of the demo.
    if (isNew || !isFilled) await accounts?.makeMembers()
    if (!isFilled) await fill(pipeline, options.modules, options.signal)
    await withTimeout(pipeline.triggersIdle(), {
      milliseconds: TRIGGER_TIME,
      what: 'the triggers of the demo',
    }).catch((error: unknown) => logger.warn({ err: error }, 'triggers go on while the server serves'))
    return !isFilled
  }
  // A demo that is disabled, or has another model version, must not fail each start.
  return await admission.visit(token, work, { isServer: true })
}

/** The demo workspace and its members, at the accounts service. */
function demoAccounts(address: AccountsAddress, tokens: Tokens) {
  const token = tokens.sign({ email: SYSTEM_EMAIL, admin: 'true' })
  const call = async (method: string, ...params: unknown[]) =>
    await callAccounts({ ...address, token, method, params })
  return {
    /** @returns whether it did not exist */
    makeWorkspace: async () =>
      (await call('createWorkspace', DEMO_WORKSPACE).catch(ignoreExisting)) !== undefined,
    makeMembers: async () => {
      for (const { email, role } of DEMO_MEMBERS) {
        await call('createAccount', email).catch(ignoreExisting)
        await call('assignWorkspace', email, DEMO_WORKSPACE, role)
      }
    },
  }
}

async function fill(
  pipeline: Pipeline,
  modules: readonly AtriumModule[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { email, role } of DEMO_MEMBERS) await ensureAccount(pipeline, email, role)
  const members = DEMO_MEMBERS.map(({ email }) => accountId(email))
  for (const { demo } of modules) {
    let inFlight: Promise<unknown>[] = []
    for (const tx of demo?.({ members }) ?? []) {
      inFlight.push(pipeline.tx(systemCaller, tx))
      if (inFlight.length < IN_FLIGHT) continue
      await Promise.all(inFlight)
      signal?.throwIfAborted()
      inFlight = []
    }
    await Promise.all(inFlight)
  }
  await pipeline.tx(systemCaller, filledMark(pipeline))
}

function filledMark(pipeline: Pipeline): TxCreateDoc {
  return {
    _id: pipeline.generateId(),
    _class: core.class.TxCreateDoc,
    space: core.space.Tx,
    objectId: FILLED,
    objectClass: core.class.Configuration,
    objectSpace: core.space.Model,
    modifiedBy: core.account.System,
    modifiedOn: pipeline.clock.now(),
    attributes: { enabled: true },
  }
}

function ignoreExisting(error: unknown): void {
  const known = ['platform:status:WorkspaceExists', 'platform:status:AccountExists']
  if (!(error instanceof StatusError && known.includes(error.status.code))) throw error
}

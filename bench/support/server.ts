import { systemClock } from '../../model/clock.ts'
import { type TokenClaims, Tokens } from '../../server/auth/tokens.ts'
import type { AtriumAnswers } from '../atrium-child.ts'
import type { EchoAnswers } from '../echo-child.ts'
import type { LoadAnswers } from '../load-child.ts'
import { Child } from './child.ts'
import type { Tenant } from './steady-client.ts'

const SECRET = 'the secret of servers that are measured'
const tokens = new Tokens(SECRET, systemClock.now)

export type Served = Child<AtriumAnswers> | Child<EchoAnswers>

/** Without rate limits: what is measured is the server, and one account sends all of the load. */
const unlimited = {
  ATRIUM_ADDRESS_CONNECTIONS: '0',
  ATRIUM_ACCOUNT_REQUESTS: '0',
  ATRIUM_SYSTEM_REQUESTS: '0',
  ATRIUM_ACCOUNT_BYTES: '0',
  ATRIUM_SYSTEM_BYTES: '0',
}

export function startAtrium(data: string, settings: NodeJS.ProcessEnv = {}): Child<AtriumAnswers> {
  return startProtected(data, { ...unlimited, ...settings })
}

/** A server with its default limits. */
export function startProtected(data: string, settings: NodeJS.ProcessEnv = {}): Child<AtriumAnswers> {
  return new Child('atrium-child', {
    ATRIUM_HOST: '127.0.0.1',
    ATRIUM_PORT: '0',
    ATRIUM_DATA: data,
    ATRIUM_DEMO: '0',
    ATRIUM_MODULES: 'board',
    ATRIUM_ACCOUNTS: 'none',
    ATRIUM_SECRET: SECRET,
    ATRIUM_LOG_LEVEL: 'error',
    ...settings,
  })
}

export function startEcho(): Child<EchoAnswers> {
  return new Child('echo-child')
}

/** A token of the account that `tasks.ts` uses, or of a similar one. */
export function token(workspace: string, email = 'bench', claims: Partial<TokenClaims> = {}): string {
  return tokens.sign({ email, workspace, ...claims })
}

/** An account of a workspace, as clients need it. */
export function tenant(workspace: string, email: string): Tenant {
  return { token: token(workspace, email), account: `account:${email}` }
}

/** Clients with a session for each token, for the duration of `work`. */
export async function withClients<T>(
  server: Served,
  tokens: string[],
  work: (load: Child<LoadAnswers>) => Promise<T>,
  broadcast = false,
): Promise<T> {
  const load = new Child<LoadAnswers>('load-child')
  try {
    await load.ask('connect', { url: await (server as Child<EchoAnswers>).ask('url'), tokens, broadcast })
    return await work(load)
  } finally {
    await load.stop()
  }
}

import type { Flags } from '../../server/configuration/configuration.ts'
import { RawClient } from './raw-client.ts'
import { type TestServer, testServer } from './test-server.ts'

/** A response of the accounts service. */
export class AccountsError extends Error {
  readonly code: string
  readonly params: Record<string, unknown>

  constructor({ code, params }: { code: string; params: Record<string, unknown> }) {
    super(`${code} ${JSON.stringify(params)}`)
    this.code = code
    this.params = params
  }
}

/** Calls of the built-in accounts service over HTTP. */
export function accountsOf(server: TestServer) {
  const url = `${server.server.url}/accounts`
  const call = async (token: string | undefined, method: string, ...params: unknown[]): Promise<unknown> => {
    const headers = {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ method, params }) })
    const { error, result } = (await answer.json()) as {
      error?: ConstructorParameters<typeof AccountsError>[0]
      result?: unknown
    }
    if (error !== undefined) throw new AccountsError(error)
    return result
  }
  const admin = server.token('root', '', { admin: 'true' })
  const signUp = async (email: string): Promise<string> => {
    await call(admin, 'createAccount', email)
    return server.token(email, '')
  }
  return { ...server, url, call, admin, signUp }
}

export function refusedWith(code: string) {
  return (error: unknown): boolean => error instanceof AccountsError && error.code === code
}

/** A server with a workspace `team` of ann’s, and other members; all of them are registered, without passwords. */
export async function team(
  members: Record<string, string> = {},
  flags: Flags = {},
  options: { fakeTime?: boolean } = {},
) {
  const server = accountsOf(await testServer({ accounts: 'builtin', ...flags }, options))
  const { call, signUp, token, url: _, admin } = server
  const endpoint = server.server.url.replace('http', 'ws')
  const ann = await signUp('ann')
  await call(ann, 'createWorkspace', 'team')
  for (const [email, role] of Object.entries(members)) {
    await signUp(email)
    await call(admin, 'assignWorkspace', email, 'team', role)
  }
  /** Connects to the workspace, with a token of the secret or with this one. */
  const enter = async (email: string, by = token(email, 'team')) => await RawClient.open(endpoint, by)
  /** The response to a client that is not admitted. */
  const refusal = async (by: string) => {
    const client = new RawClient(endpoint, by)
    const frame = await client.wait(({ id }) => id === -1)
    return { frame, code: (await client.waitForClose()).code }
  }
  return { ...server, ann, endpoint, enter, refusal }
}

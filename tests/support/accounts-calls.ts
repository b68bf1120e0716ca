import type { TestServer } from './test-server.ts'

/** What the accounts service answered with. */
export class AccountsError extends Error {
  readonly code: string
  readonly params: Record<string, unknown>

  constructor({ code, params }: { code: string; params: Record<string, unknown> }) {
    super(`${code} ${JSON.stringify(params)}`)
    this.code = code
    this.params = params
  }
}

/** Calls of the built-in accounts service as somebody outside makes them. */
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

import { StatusError, type Status } from '../../model/status.ts'
import { SYSTEM_EMAIL } from '../../server/auth/tokens.ts'
import { explainNetwork } from './explain-connection.ts'
import { serverUrl } from './server-url.ts'
import { signToken } from './token.ts'

/**
 * Calls a route under `/api/v1` as an administrator.
 * @param url the server; `undefined`: that of the configuration
 * @throws StatusError of the response; Error if the server cannot be reached
 */
export async function adminCall<T>(method: 'GET' | 'PUT', path: string, url: string | undefined): Promise<T> {
  const server = serverUrl(url)
  const token = await signToken({ email: SYSTEM_EMAIL, admin: 'true' }, 60)
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${server}/api/v1/${path}`, { method, headers }).catch((cause: unknown) => {
    const failure = cause instanceof Error ? cause : new Error(String(cause))
    throw new Error(explainNetwork(failure, server, 'server'), { cause })
  })
  const body = (await response.json()) as { error?: Status }
  if (body.error !== undefined) throw new StatusError(body.error.code, body.error.params)
  // The route says what it returns.
  return body as T
}

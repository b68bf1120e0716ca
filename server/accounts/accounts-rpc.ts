import { z } from 'zod'
import { type Status, StatusError } from '../../model/status.ts'

const statusSchema = z.object({
  severity: z.string(),
  code: z.string(),
  params: z.record(z.string(), z.unknown()).nullish(),
})
const answerSchema = z.union([z.object({ error: statusSchema }), z.object({ result: z.unknown() })])

/**
 * Calls an accounts service over HTTP.
 * @param call `fetch`: another one than that of the platform
 * @param timeout in milliseconds
 * @throws StatusError of the service's response; any other error without a response
 */
export async function callAccounts(
  call: { url: string; token: string; method: string; params: readonly unknown[]; fetch?: typeof fetch },
  timeout = 5000,
): Promise<unknown> {
  const { url, token, method, params } = call
  const response = await (call.fetch ?? fetch)(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ method, params }),
    signal: AbortSignal.timeout(timeout),
  })
  const answer = answerSchema.parse(await response.json())
  if (!('error' in answer)) return answer.result
  const { code, params: details } = answer.error
  throw new StatusError(code as Status['code'], (details ?? {}) as Status['params'])
}

import { StatusError } from '../../model/status.ts'
import { RETRY_AFTER } from '../workspaces/admission-rules.ts'
import type { Call, RequestLink } from './call.ts'

/** Methods that a client needs to stay connected. */
const light: ReadonlySet<string> = new Set(['ping', 'authenticate'])

/**
 * While memory is short, requests are refused, except those of administrators, who may know what to do.
 * @throws StatusError Overloaded
 */
export const spareMemory: RequestLink =
  (next, { memory }) =>
  (call) => {
    if (memory.isShort && !isExempt(call))
      throw new StatusError('platform:status:Overloaded', { retryAfter: RETRY_AFTER })
    return next(call)
  }

function isExempt({ request, session }: Call): boolean {
  return session.token.admin || light.has(request.method)
}

import { StatusError } from '../../model/status.ts'
import type { RequestLink } from './call.ts'

/** @throws StatusError UnknownMethod; Forbidden when the method is not for this session */
export const admitMethod: RequestLink =
  (next, { findMethod }) =>
  (call) => {
    const { request, session } = call
    const method = findMethod(request.method)
    if (method === undefined || (method.protocol ?? 1) > session.protocol)
      throw new StatusError('platform:status:UnknownMethod', { method: request.method })
    const refusal = method.refuses?.(session.token)
    if (refusal !== undefined) throw new StatusError('platform:status:Forbidden', { message: refusal })
    call.method = method
    return next(call)
  }

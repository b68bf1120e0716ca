import { StatusError } from '../../model/status.ts'
import type { Call, RequestLink } from './call.ts'
import { encodeError } from './respond.ts'

/**
 * Starts a bounded number of requests of a session at once. The others wait, in order. Methods of modules may take long,
 * so they have a limit of their own.
 */
export const limitRequests: RequestLink = (next, { findMethod, limitHit, logger, metrics }) => {
  const refuse = ({ request, session }: Call): void => {
    const limit = 'methods of a session'
    limitHit(limit, { session: session.id })
    const error = new StatusError('platform:status:LimitReached', { limit })
    session.send(encodeError(request.id, error, { format: session.format, logger, metrics }), 'error')
  }
  const startMethod = (call: Call): void => {
    const { bytes, request, session } = call
    const running = session.calls.begin(request)
    call.running = running
    const slots = request.stream === undefined ? session.methods : session.streams
    const run = async (): Promise<void> => {
      try {
        await next(call)
      } finally {
        session.calls.finished(running)
      }
    }
    if (slots.start(run, bytes)) return
    session.calls.finished(running)
    refuse(call)
  }
  return (call) => {
    if (findMethod(call.request.method)?.isOfModule === true) startMethod(call)
    else call.session.requests.start(() => next(call))
  }
}

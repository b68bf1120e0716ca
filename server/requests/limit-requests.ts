import type { RequestLink } from './call.ts'

/** Starts a bounded number of requests of a session at once. The others wait, in order. */
export const limitRequests: RequestLink = (next) => (call) => call.session.requests.start(() => next(call))

import { admitMethod } from './admit-method.ts'
import type { CallHandler, RequestLink, RequestParts } from './call.ts'
import { limitRate } from './limit-rate.ts'
import { limitRequests } from './limit-requests.ts'
import { observe } from './observe.ts'
import { respond } from './respond.ts'
import { runMethod } from './run-method.ts'

/** In this order. A request is parsed before it gets here: `hello` concerns the session itself and has no link. */
const links: readonly RequestLink[] = [
  limitRate, // refuses what is beyond the rate of its session or account, and new work while memory is short
  limitRequests, // a bounded number at once for each session; while more wait, its socket is not read
  respond, // encodes the result or the error in the session's format, and sends it, a long one part by part
  admitMethod, // the method exists, and is open to this session
  observe, // statistics, durations, the slow-request log
  runMethod, // the method itself
]

/** The way of a request inside a server, from the parsed message to the last frame of its response. */
export function buildRequestChain(parts: RequestParts): CallHandler {
  const end: CallHandler = () => {
    throw new Error('the last link of the request chain passed a request on')
  }
  return links.reduceRight((next, link) => link(next, parts), end)
}

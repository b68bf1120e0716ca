import { workerData } from 'node:worker_threads'
import type { Reply, Request, WorkerOptions } from './worker-protocol.ts'
import { WorkerService } from './worker-service.ts'

/** Maximum delay of a reply while later requests of the same message run, in milliseconds. */
const replyEvery = 2

const options: WorkerOptions = workerData
let handled = 0
const service = new WorkerService(options, () => Atomics.load(options.sent, 0) !== handled)

options.port.on('message', (requests: Request[]) => {
  handled = (handled + 1) | 0
  let replies: Reply[] = []
  let since = performance.now()
  for (const request of requests) {
    const reply = service.handle(request)
    if (reply instanceof Promise) void reply.then((late) => post([late]))
    else replies.push(reply)
    if (performance.now() - since < replyEvery) continue
    post(replies)
    replies = []
    since = performance.now()
  }
  post(replies)
})

function post(replies: Reply[]): void {
  if (replies.length === 0) return
  options.port.postMessage(replies, replies.flatMap(transferable))
  Atomics.add(options.sent, 1, 1)
}

/** Encoded parts are transferred instead of copied. */
function transferable(reply: Reply): ArrayBuffer[] {
  const value = 'value' in reply ? reply.value : undefined
  if (typeof value !== 'object' || !('parts' in value)) return []
  return value.parts.flatMap((part) => (typeof part === 'string' ? [] : part.buffer))
}

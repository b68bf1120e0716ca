import { workerData } from 'node:worker_threads'
import { StorageError } from '../../contract.ts'
import { isUpTo, type Reply, type Request, shared, wallTime, type WorkerOptions } from './worker-protocol.ts'
import { WorkerService } from './worker-service.ts'

/** Maximum delay of a reply while later requests of the same message run, in milliseconds. */
const replyEvery = 2

/** Reads that another worker can run. The others need what this one holds. */
const movable: ReadonlySet<string> = new Set([
  'find',
  'findEncoded',
  'beginScan',
  'get',
  'readLog',
  'search',
  'storedClasses',
  'list',
])

const options: WorkerOptions = workerData
const { memory, port } = options
let handled = 0
let running = 0
const service = new WorkerService(options, {
  isWanted: () => Atomics.load(memory, shared.requests) !== handled,
  checkpoint: () => {
    if (Atomics.load(memory, shared.stopped) === running && running !== 0) throw stopped()
  },
})

port.on('message', (requests: Request[]) => {
  handled = (handled + 1) | 0
  let replies: Reply[] = []
  let since = performance.now()
  for (const request of requests) {
    const waited = request.at === undefined ? {} : { waited: (wallTime() - request.at) / 1000 }
    const reply = begin(request) ? service.handle(request) : { id: request.id, revoked: true as const }
    if (reply instanceof Promise) void reply.then((late) => post([{ ...late, ...waited }]))
    else replies.push(request.at === undefined ? reply : { ...reply, ...waited })
    if (performance.now() - since < replyEvery) continue
    post(replies)
    replies = []
    since = performance.now()
  }
  post(replies)
})

/**
 * Announces the call before it looks whether the call was revoked, while the other side revokes before it looks at
 * what runs. So at least one of them sees the other.
 */
function begin({ id, call }: Request): boolean {
  running = id
  Atomics.store(memory, shared.running, id)
  return id === 0 || !movable.has(call.method) || !isUpTo(id, Atomics.load(memory, shared.revoked))
}

function stopped(): StorageError {
  return new StorageError('timeout', 'the read was stopped')
}

function post(replies: Reply[]): void {
  if (replies.length === 0) return
  port.postMessage(replies, replies.flatMap(transferable))
  Atomics.add(memory, shared.replies, 1)
}

/** Encoded parts are transferred instead of copied. */
function transferable(reply: Reply): ArrayBuffer[] {
  const value = 'value' in reply ? reply.value : undefined
  if (typeof value !== 'object' || !('parts' in value)) return []
  return value.parts.flatMap((part) => (typeof part === 'string' ? [] : part.buffer))
}

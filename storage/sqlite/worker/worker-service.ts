import type { Call, Reply, Request, WorkerOptions } from './worker-protocol.ts'
import { toFailure } from '../file/failure.ts'
import { Handles } from './handles.ts'
import { LongReadCalls } from './long-read-calls.ts'
import { performRead } from './read-calls.ts'
import { SearchFeed } from './search-feed.ts'
import { performWrite, changeSchema, openFile } from './write-calls.ts'

/** What a worker does with a request, apart from how it gets there. */
export class WorkerService {
  readonly #handles: Handles
  readonly #feed: SearchFeed
  readonly #long: LongReadCalls

  /** `isWanted`: whether a request has come that isn't answered yet. */
  constructor(options: WorkerOptions, isWanted: () => boolean) {
    this.#handles = new Handles({ ...options, readOnly: options.role === 'reader' })
    this.#feed = new SearchFeed(this.#handles, isWanted)
    this.#long = new LongReadCalls(this.#handles, options.maxLongReads)
  }

  handle({ id, workspace, call }: Request): Reply | Promise<Reply> {
    try {
      const value = this.#perform(workspace, call)
      if (!(value instanceof Promise)) return { id, value }
      return value.then(
        () => ({ id, value: undefined }),
        (error: unknown) => ({ id, failure: toFailure(error) }),
      )
    } catch (error) {
      return { id, failure: toFailure(error) }
    }
  }

  #perform(workspace: number, call: Call): unknown {
    switch (call.method) {
      case 'attach':
        return this.#handles.attach(workspace, call.attachment)
      case 'release':
        this.#feed.stop(workspace)
        this.#long.release(workspace)
        return this.#handles.release(workspace)
      case 'open':
        this.#feed.schedule(workspace)
        return openFile(this.#handles, workspace)
      case 'applySchema':
        this.#feed.schedule(workspace)
        return changeSchema(this.#handles, workspace, call.schema)
      case 'catchUp':
        return this.#feed.catchUp(workspace)
      case 'prefetch':
      case 'commit':
      case 'upload':
      case 'clean':
        if (call.method === 'commit') this.#feed.schedule(workspace)
        return performWrite(this.#handles.file(workspace), call)
      case 'findEncoded':
        return this.#long.findEncoded(workspace, call)
      case 'nextPart':
        return this.#long.nextPart(call.read)
      case 'beginScan':
        return this.#long.beginScan(workspace, call.domain)
      case 'nextScanPage':
        return this.#long.nextScanPage(call.read, call.byteLimit)
      case 'getInScan':
        return this.#long.getInScan(call.read, call.ids)
      case 'closeRead':
        return this.#long.close(call.read)
      default:
        return performRead(this.#handles.file(workspace), call)
    }
  }
}

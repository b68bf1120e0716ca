import type { CallOf, MethodName, Reply, Request, ResultOf, WorkerOptions } from './worker-protocol.ts'
import { toFailure } from '../file/failure.ts'
import type { WorkspaceFile } from '../file/workspace-file.ts'
import { Handles } from './handles.ts'
import { LongReadCalls } from './long-read-calls.ts'
import { singleReads } from './read-calls.ts'
import { SearchFeed } from './search-feed.ts'
import { changeSchema, fileWrites, openFile } from './write-calls.ts'

export interface WorkerSignals {
  /** Whether a request has arrived that has no reply yet. */
  isWanted: () => boolean
  /** Throws if the current call has to stop. */
  checkpoint: () => void
}

/** Executes the calls of a worker. */
export class WorkerService {
  readonly #handles: Handles
  readonly #feed: SearchFeed
  readonly #long: LongReadCalls

  readonly #handlers: Handlers = {
    attach: (workspace, { attachment }) => this.#handles.attach(workspace, attachment),
    release: (workspace) => this.#release(workspace),
    open: (workspace) => {
      this.#feed.schedule(workspace)
      return openFile(this.#handles, workspace)
    },
    applySchema: (workspace, { schema }) => {
      this.#feed.schedule(workspace)
      return changeSchema(this.#handles, workspace, schema)
    },
    catchUp: (workspace) => this.#feed.catchUp(workspace),
    commit: (workspace, call) => {
      this.#feed.schedule(workspace)
      return fileWrites.commit(this.#file(workspace), call)
    },
    prefetch: (workspace, call) => fileWrites.prefetch(this.#file(workspace), call),
    upload: (workspace, call) => fileWrites.upload(this.#file(workspace), call),
    clean: (workspace, call) => fileWrites.clean(this.#file(workspace), call),
    findEncoded: (workspace, call) => this.#long.findEncoded(workspace, call),
    nextPart: (_workspace, { read }) => this.#long.nextPart(read),
    beginScan: (workspace, { domain }) => this.#long.beginScan(workspace, domain),
    nextScanPage: (_workspace, { read, byteLimit }) => this.#long.nextScanPage(read, byteLimit),
    getInScan: (_workspace, { read, ids }) => this.#long.getInScan(read, ids),
    closeRead: (_workspace, { read }) => this.#long.close(read),
    find: (workspace, call) => singleReads.find(this.#file(workspace), call),
    get: (workspace, call) => singleReads.get(this.#file(workspace), call),
    readLog: (workspace, call) => singleReads.readLog(this.#file(workspace), call),
    search: (workspace, call) => singleReads.search(this.#file(workspace), call),
    storedClasses: (workspace, call) => singleReads.storedClasses(this.#file(workspace), call),
    list: (workspace, call) => singleReads.list(this.#file(workspace), call),
  }

  constructor(options: WorkerOptions, { isWanted, checkpoint }: WorkerSignals) {
    this.#handles = new Handles({ ...options, readOnly: options.role === 'reader', checkpoint })
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

  #file(workspace: number): WorkspaceFile {
    return this.#handles.file(workspace)
  }

  #release(workspace: number): undefined {
    this.#feed.stop(workspace)
    this.#long.release(workspace)
    this.#handles.release(workspace)
  }

  #perform<M extends MethodName>(workspace: number, call: CallOf<M>) {
    return this.#handlers[call.method](workspace, call)
  }
}

type Handlers = {
  [M in MethodName]: (workspace: number, call: CallOf<M>) => ResultOf<M> | Promise<ResultOf<M>>
}

import { LRUCache } from 'lru-cache'
import { StorageError } from '../../contract.ts'
import type { Attachment } from './worker-protocol.ts'
import type { ConnectionOptions } from '../file/database.ts'
import { WorkspaceFile } from '../file/workspace-file.ts'

export interface HandlesOptions extends ConnectionOptions {
  maxOpenFiles: number
}

/** The open files of a thread. The least recently used ones are closed, and reopened on demand. */
export class Handles {
  readonly #attachments = new Map<number, Attachment>()
  readonly #open: LRUCache<number, WorkspaceFile>
  readonly #options: HandlesOptions
  readonly #taken = new WeakSet<WorkspaceFile>()

  constructor(options: HandlesOptions) {
    this.#options = options
    this.#open = new LRUCache({
      max: options.maxOpenFiles,
      dispose: (file) => {
        if (!this.#taken.has(file)) file.close()
      },
    })
  }

  attach(workspace: number, attachment: Attachment): undefined {
    this.#attachments.set(workspace, attachment)
    this.#open.get(workspace)?.setSchema(attachment.schema)
  }

  attachment(workspace: number): Attachment {
    const attachment = this.#attachments.get(workspace)
    if (attachment === undefined) throw new StorageError('closed', 'the workspace is closed')
    return attachment
  }

  isAttached(workspace: number): boolean {
    return this.#attachments.has(workspace)
  }

  /** The file of the workspace, opened on demand. */
  file(workspace: number): WorkspaceFile {
    const known = this.#open.get(workspace)
    if (known !== undefined) return known
    const { file, schema } = this.attachment(workspace)
    const opened = new WorkspaceFile(file, schema, this.#options)
    this.#open.set(workspace, opened)
    return opened
  }

  /** Passes the open file to the caller, who has to close it. The next call of {@link file} opens another one. */
  take(workspace: number): void {
    const file = this.#open.get(workspace)
    if (file === undefined) return
    this.#taken.add(file)
    this.#open.delete(workspace)
  }

  release(workspace: number): void {
    this.#attachments.delete(workspace)
    this.#open.delete(workspace)
  }
}

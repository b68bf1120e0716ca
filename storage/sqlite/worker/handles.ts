import { LRUCache } from 'lru-cache'
import { StorageError } from '../../contract.ts'
import type { Attachment } from './worker-protocol.ts'
import type { ConnectionOptions } from '../file/database.ts'
import { WorkspaceFile } from '../file/workspace-file.ts'

export interface HandlesOptions extends ConnectionOptions {
  maxOpenFiles: number
}

/** A thread's open files, closed by least recent use and opened again when they are asked for. */
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

  /** The open file; opens it when it is closed. */
  file(workspace: number): WorkspaceFile {
    const known = this.#open.get(workspace)
    if (known !== undefined) return known
    const { file, schema } = this.attachment(workspace)
    const opened = new WorkspaceFile(file, schema, this.#options)
    this.#open.set(workspace, opened)
    return opened
  }

  /** From now on the open file is the caller's, who closes it; whoever asks for it next gets another. */
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

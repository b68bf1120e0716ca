import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { brand } from '../../../model/brand.ts'
import type { Doc, Domain } from '../../../model/documents.ts'
import { type Storage, StorageError, type WorkspaceStorage } from '../../contract.ts'
import { fileName } from '../../sqlite/file/file-name.ts'
import type { Log } from '../log/log.ts'
import type { History } from '../log/workspace-metadata.ts'
import type { SearchedFields } from './searched-fields.ts'

const stateDomain = 'search-state'
const stateId = 'state'

/** The progress of the index. An index of another history or another declaration is rebuilt. */
export interface IndexState {
  epoch: string
  /** Of `History`. */
  restores: number
  declared: string
  /** The last log entry that the index contains. */
  seq: number
  /** Domains that remain to be read from the start. The first one continues after the id `after`. */
  rebuild: Domain[]
  after: string
}

export interface IndexFileOptions {
  /** SQLite storage over the directory of the indexes. */
  storage: Storage
  directory: string
  workspace: string
  context: { log: Log; history: History }
}

/** The SQLite file of a full-text index, with its progress. */
export class IndexFile {
  readonly #options: IndexFileOptions
  #opened: WorkspaceStorage | undefined
  #state: IndexState | undefined
  /** Reads in progress; none of these promises rejects. */
  readonly #readings = new Set<Promise<void>>()

  constructor(options: IndexFileOptions) {
    this.#options = options
  }

  get opened(): WorkspaceStorage | undefined {
    return this.#opened
  }

  get state(): IndexState | undefined {
    return this.#state
  }

  /** Opens the file for these fields. Rebuilds it if it is missing, damaged, or made for other fields. */
  async open(fields: SearchedFields): Promise<WorkspaceStorage> {
    const { declared } = fields
    if (this.#opened !== undefined && this.#state?.declared === declared) return this.#opened
    await this.close()
    const file = (await this.#openKnown(fields)) ?? (await this.#openNew(fields))
    this.#opened = file
    return file
  }

  /** Delays {@link close} until the read ends. */
  reading<T>(reading: Promise<T>): Promise<T> {
    const ended = () => void this.#readings.delete(done)
    const done: Promise<void> = reading.then(ended, ended)
    this.#readings.add(done)
    return reading
  }

  async save(file: WorkspaceStorage, state: IndexState): Promise<void> {
    const doc: Doc & { state: IndexState } = {
      _id: brand(stateId),
      _class: brand(stateDomain),
      space: brand(stateDomain),
      modifiedBy: brand(''),
      modifiedOn: 0,
      state,
    }
    await file.upload(stateDomain, [doc])
    this.#state = state
  }

  async discard(): Promise<void> {
    await this.close()
    const path = join(this.#options.directory, fileName(this.#options.workspace))
    for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true })
  }

  async close(): Promise<void> {
    await Promise.all(this.#readings)
    await this.#opened?.close()
    this.#opened = undefined
  }

  /** `undefined` if the file is damaged, or if its content is of another history or for other fields. */
  async #openKnown(fields: SearchedFields): Promise<WorkspaceStorage | undefined> {
    let file: WorkspaceStorage
    try {
      file = await this.#openStorage(fields)
    } catch (error) {
      if (error instanceof StorageError && error.code === 'damaged') return undefined
      throw error
    }
    const [stored]: (Doc & { state?: IndexState })[] = await file.get(stateDomain, [stateId])
    const { history, log } = this.#options.context
    const state = stored?.state
    const isCurrent =
      state?.declared === fields.declared &&
      state.epoch === history.epoch &&
      state.restores === (history.restores ?? 0) &&
      state.seq <= log.lastSeq
    if (isCurrent) {
      this.#state = state
      return file
    }
    await file.close()
    return undefined
  }

  async #openNew(fields: SearchedFields): Promise<WorkspaceStorage> {
    await this.discard()
    const file = await this.#openStorage(fields)
    const { history, log } = this.#options.context
    const { epoch, restores = 0 } = history
    const rebuild = [...fields.domains.keys()]
    await this.save(file, {
      epoch,
      restores,
      declared: fields.declared,
      seq: log.lastSeq,
      rebuild,
      after: '',
    })
    return file
  }

  #openStorage(fields: SearchedFields): Promise<WorkspaceStorage> {
    return this.#options.storage.openWorkspace(this.#options.workspace, {
      domains: [...fields.domains.values()],
    })
  }
}

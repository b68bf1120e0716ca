import { brand } from '../../model/brand.ts'
import type { Doc, Domain } from '../../model/documents.ts'
import { unloggedDocument } from '../shared/unlogged-document.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import type { Logger } from '../shared/logger.ts'

const DOMAIN: Domain = 'workspace-name'
const ID = brand('name')

/** The name that the accounts service gives a workspace. It is stored for the code that runs while nobody is connected. */
export class WorkspaceName {
  readonly #id: string
  readonly #storage: WorkspaceStorage
  readonly #logger: Logger
  #name: string | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor({ id, storage, logger }: { id: string; storage: WorkspaceStorage; logger: Logger }) {
    this.#id = id
    this.#storage = storage
    this.#logger = logger
  }

  /** The id of the workspace while no name is known. */
  get current(): string {
    return this.#name ?? this.#id
  }

  /** @throws StorageError */
  async read(): Promise<void> {
    const [stored]: (Doc & { name?: string })[] = await this.#storage.get(DOMAIN, [ID])
    this.#name = stored?.name
  }

  /** The accounts service says that the workspace has this name. */
  learn(name: string, now: number): void {
    if (name === this.#name) return
    this.#name = name
    const doc = unloggedDocument(DOMAIN, ID, now, { name })
    this.#writing = this.#writing
      .then(async () => await this.#storage.upload(DOMAIN, [doc]))
      .catch((error: unknown) => {
        this.#logger.warn({ err: error, workspace: this.#id }, 'the name of a workspace could not be stored')
      })
  }

  /** Resolves when nothing is being stored. */
  async idle(): Promise<void> {
    await this.#writing
  }
}

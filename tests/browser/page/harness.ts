import type { Client, ClientStore, Conflict, Phase } from '../../../client/index.ts'
import { storeCases } from '../../../client/store/testing/contract-suite.ts'
import type { Task } from '../../../examples/board/model.ts'
import type { ClassRef } from '../../../model/class-ref.ts'
import type { Ref, Space } from '../../../model/documents.ts'
import type { Tx, TxCreateDoc, TxUpdateDoc } from '../../../model/transactions.ts'
import { pushAll } from '../../../model/push-all.ts'

type Sdk = typeof import('../../../client/index.ts')

export interface StartOptions {
  url: string
  token: string
  /** Name of a store in IndexedDB. */
  store?: string
}

const bundle: string = '/atrium-client.js'
const task = 'board:class:Task' as unknown as ClassRef<Task>
const space = 'p' as Ref<Space>

/** The functions of a test in a page: one client, a live query of tasks, and its results. */
class Harness {
  readonly #sdk: Sdk
  #client: Client | undefined
  #store: ClientStore | undefined
  #tasks: Task[] = []
  /** Titles of all results so far. */
  readonly results: string[][] = []
  /** Committed changes of tasks. */
  readonly pushed: string[] = []
  readonly conflicts: string[] = []
  readonly storeErrors: string[] = []

  constructor(sdk: Sdk) {
    this.#sdk = sdk
  }

  start({ url, token, store }: StartOptions): void {
    this.#store = store === undefined ? undefined : this.#sdk.indexedDbStore(store)
    const client = this.#sdk.createClient({
      url,
      getToken: () => token,
      // So that the test can read the frames.
      ...(store === undefined ? {} : { binary: false, compression: false }),
      ...(this.#store === undefined ? {} : { store: this.#store }),
    })
    this.#client = client
    client.onConflict(({ error }: Conflict) => this.conflicts.push(error.status.code))
    client.onStoreError((error) => this.storeErrors.push(String(error)))
    client.onTransactions(({ txes }) => pushAll(this.pushed, txes.flatMap(described)))
    void client.ready().then(() =>
      client.query(task, {}, { sort: { title: 1 } }, (tasks) => {
        this.#tasks = [...tasks]
        this.results.push(tasks.map(({ title }) => title))
      }),
    )
  }

  phase(): Phase | undefined {
    return this.#client?.connectionState().phase
  }

  unanswered(): number | undefined {
    return this.#client?.connectionState().unanswered
  }

  /** Titles of the last result. */
  titles(): string[] | undefined {
    return this.results.at(-1)
  }

  /** Resolves when the server has responded. */
  async create(title: string): Promise<void> {
    await this.#client?.createDoc(task, space, { title })
  }

  async rename(title: string, to: string): Promise<void> {
    await this.#client?.updateDoc(this.#titled(title), { title: to })
  }

  async remove(title: string): Promise<void> {
    await this.#client?.removeDoc(this.#titled(title))
  }

  /** Keys of the store with this prefix. */
  async kept(prefix: string): Promise<string[]> {
    const entries = (await this.#store?.entries(prefix)) ?? []
    return entries.map(([key]) => key)
  }

  /** Puts a value into the store without the client’s knowledge. */
  async keep(key: string, value: unknown): Promise<void> {
    await this.#store?.set(key, value)
  }

  /** The found and the expected value of each case of the contract, with IndexedDB. */
  async storeCases(): Promise<[title: string, found: unknown, expected: unknown][]> {
    const found: [string, unknown, unknown][] = []
    for (const [title, run] of Object.entries(storeCases))
      found.push([title, ...(await run(this.#sdk.indexedDbStore(title)))])
    return found
  }

  #titled(title: string): Task {
    const found = this.#tasks.find((each) => each.title === title)
    if (found === undefined) throw new Error(`no task ${title}`)
    return found
  }
}

function described(tx: Tx): string[] {
  const { attributes } = tx as TxCreateDoc
  const { operations } = tx as TxUpdateDoc
  if ((tx as TxCreateDoc).objectClass !== (task as unknown)) return []
  if (tx._class === 'core:class:TxCreateDoc') return [`create ${String(attributes['title'])}`]
  return tx._class === 'core:class:TxUpdateDoc' ? [`rename to ${String(operations['title'])}`] : []
}

declare global {
  var harness: Harness
}

globalThis.harness = new Harness((await import(bundle)) as Sdk)

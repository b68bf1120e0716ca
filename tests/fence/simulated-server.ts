import { Query } from 'mingo'
import { type Collection, type Document, MongoNetworkError, MongoServerError } from 'mongodb'
import type { StoredEntry } from '../../storage/mongodb/log/stored-document.ts'

/** A step of a command: the server executes it document by document, and other commands run in between. */
type Step = () => void

interface Replacing {
  filter: Document
  replacement: StoredEntry
  upsert?: boolean
}

/** A command under way. It continues after a crash of its sender or a loss of the connection. */
export interface Command {
  client: string
  /** Its description, for the analysis of a failure. */
  what: string
  steps: Step[]
  /** Answers the waiting sender. */
  answer: () => void
  /** The connection is lost, and so is the response. */
  lose: () => void
  isLost: boolean
}

/** A collection whose commands are executed one document at a time, when the test says so. */
export class SimulatedServer {
  readonly #documents = new Map<number, StoredEntry>()
  readonly commands: Command[] = []
  readonly #keepsPlaces: boolean

  /**
   * `keepsPlaces`: withdrawn entries leave fences; otherwise their positions become free, as in an earlier protocol.
   */
  constructor(keepsPlaces = true) {
    this.#keepsPlaces = keepsPlaces
  }

  get documents(): StoredEntry[] {
    return [...this.#documents.values()].sort((a, b) => a._id - b._id)
  }

  /** The collection as a client uses it: the part of the driver that the log calls. */
  collection(client: string): Collection<StoredEntry> {
    const find = (filter: Document = {}) => new Finding(this, client, filter)
    const collection = {
      find,
      findOne: (filter: Document) => find(filter).limit(1).next(),
      insertOne: (document: StoredEntry) =>
        this.#send(client, `insert ${document._id}`, [() => this.#insert(document)]),
      replaceOne: (filter: Document, document: StoredEntry) =>
        this.#one(client, `replace ${document._id}`, () => ({
          matchedCount: this.#replace(filter, document, false),
        })),
      bulkWrite: (operations: readonly Document[]) => this.#bulk(client, operations),
    }
    return collection as unknown as Collection<StoredEntry>
  }

  /** The state that a command finds when it is executed. */
  matching(filter: Document): StoredEntry[] {
    const query = new Query(filter)
    return this.documents.filter((document) => query.test(document)).map((each) => structuredClone(each))
  }

  async #one<T>(client: string, what: string, step: () => T): Promise<T> {
    let result: T | undefined
    await this.#send(client, what, [() => void (result = step())])
    return result as T
  }

  async ask<T>(client: string, read: () => T): Promise<T> {
    return await this.#one(client, 'find', read)
  }

  /** Like the driver: operations of one kind are a command, and the next one is sent after the response to the last. */
  async #bulk(client: string, operations: readonly Document[]): Promise<Document> {
    const counts = { insertedCount: 0, matchedCount: 0, upsertedCount: 0 }
    let rest = operations
    while (rest.length > 0) {
      const kind = Object.keys(rest[0] as object)[0] as string
      const other = rest.findIndex((each) => !(kind in each))
      const run = rest.slice(0, other === -1 ? undefined : other)
      rest = rest.slice(run.length)
      await this.#send(
        client,
        `${kind}s`,
        run.map(({ insertOne, replaceOne }) => () => {
          if (insertOne !== undefined) {
            this.#insert((insertOne as { document: StoredEntry }).document)
            counts.insertedCount++
          } else {
            const { filter, replacement, upsert } = replaceOne as Replacing
            counts.matchedCount += this.#replace(filter, replacement, upsert === true)
          }
        }),
      )
    }
    return counts
  }

  #send(client: string, what: string, steps: Step[]): Promise<void> {
    return new Promise((resolve, reject) => {
      let failure: Error | undefined
      const command: Command = {
        client,
        what,
        steps: steps.map((step) => () => {
          try {
            step()
          } catch (error) {
            failure = error as Error
            command.steps.length = 0
          }
        }),
        answer: () => (failure === undefined ? resolve() : reject(failure)),
        lose: () => reject(new MongoNetworkError('the connection is gone')),
        isLost: false,
      }
      this.commands.push(command)
    })
  }

  #insert(document: StoredEntry): void {
    const isThere = this.#documents.has(document._id)
    const isKnown = [...this.#documents.values()].some(({ tx }) => tx._id === document.tx._id)
    if (isThere || isKnown) throw new MongoServerError({ message: 'E11000 duplicate key', code: 11_000 })
    this.#documents.set(document._id, structuredClone(document))
  }

  #replace(filter: Document, document: StoredEntry, upsert: boolean): number {
    const [found] = this.matching(filter)
    if (found === undefined) {
      if (upsert) this.#insert({ ...document, _id: filter['_id'] as number })
      return upsert ? 1 : 0
    }
    this.#documents.set(found._id, structuredClone({ ...document, _id: found._id }))
    const isTakenBack = document['%fence'] === true && found['%fence'] !== true
    if (isTakenBack && !this.#keepsPlaces) this.#free(found)
    return 1
  }

  /** All entries of a group but the first, and the claim after it. */
  #free({ _id, '%first': first }: StoredEntry): void {
    if (_id !== first) this.#documents.delete(_id)
    if (this.#documents.get(_id + 1)?.['%fence'] === true) this.#documents.delete(_id + 1)
  }
}

class Finding {
  readonly #server: SimulatedServer
  readonly #client: string
  readonly #filter: Document
  #order: 1 | -1 = 1
  #limit = Infinity

  constructor(server: SimulatedServer, client: string, filter: Document) {
    this.#server = server
    this.#client = client
    this.#filter = filter
  }

  sort({ _id }: { _id: 1 | -1 }): this {
    this.#order = _id
    return this
  }

  limit(count: number): this {
    this.#limit = count
    return this
  }

  toArray(): Promise<StoredEntry[]> {
    return this.#server.ask(this.#client, () => {
      const found = this.#server.matching(this.#filter)
      return (this.#order === 1 ? found : found.reverse()).slice(0, this.#limit)
    })
  }

  async next(): Promise<StoredEntry | null> {
    return (await this.toArray())[0] ?? null
  }
}

import { type Db, type DbOptions, MongoClient, type MongoClientOptions, ReadConcern } from 'mongodb'
import './driver-repair.ts'

export interface ClientLimits {
  /** Time to wait for a server, in milliseconds. */
  selectionTimeout: number
  /** Time for a server to execute a command, in milliseconds. */
  commandTimeout: number
}

/**
 * Options that correctness requires, regardless of the connection string: acknowledged writes survive, and reads
 * return acknowledged data from the primary.
 */
const needed: DbOptions = {
  readConcern: new ReadConcern('majority'),
  readPreference: 'primary',
  writeConcern: { w: 'majority', j: true },
  ignoreUndefined: true,
  raw: false,
  promoteValues: true,
  promoteLongs: true,
  promoteBuffers: false,
  useBigInt64: false,
  bsonRegExp: false,
  serializeFunctions: false,
  enableUtf8Validation: true,
  forceServerObjectId: false,
}

/** Creates the client of a storage. @throws MongoError if the connection string or one of its options is invalid */
export function createClient(
  url: string,
  { selectionTimeout, commandTimeout }: ClientLimits,
  more: MongoClientOptions = {},
): MongoClient {
  return new MongoClient(url, {
    appName: 'atrium',
    serverSelectionTimeoutMS: selectionTimeout,
    socketTimeoutMS: commandTimeout,
    // The driver validates this together with a `w` of the connection string.
    writeConcern: { w: 'majority', j: true },
    ...more,
  })
}

/** A database with the options that correctness requires. */
export function ownDatabase(client: MongoClient, name: string): Db {
  return client.db(name, needed)
}

import { type Db, type DbOptions, MongoClient, type MongoClientOptions, ReadConcern } from 'mongodb'
import './driver-repair.ts'

export interface ClientLimits {
  /** Milliseconds to wait for a server. */
  selectionTimeout: number
  /** Milliseconds a server has to answer a command. */
  commandTimeout: number
}

/**
 * What correctness needs, whatever the options of a connection string say: what is acknowledged has to survive, and
 * what is read has to be what was acknowledged, by the one server that takes writes.
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

/** The client of a storage. @throws MongoError when the connection string is none, or has an option that is none */
export function createClient(
  url: string,
  { selectionTimeout, commandTimeout }: ClientLimits,
  more: MongoClientOptions = {},
): MongoClient {
  return new MongoClient(url, {
    appName: 'atrium',
    serverSelectionTimeoutMS: selectionTimeout,
    socketTimeoutMS: commandTimeout,
    // Checked by the driver beside a `w` of the connection string.
    writeConcern: { w: 'majority', j: true },
    ...more,
  })
}

/** A database whose commands do as correctness needs. */
export function ownDatabase(client: MongoClient, name: string): Db {
  return client.db(name, needed)
}

import type { Collection, Db } from 'mongodb'
import type { StorageSchema } from '../contract.ts'
import { Committer } from './commit/committer.ts'
import { Tombstones } from './commit/tombstones.ts'
import { Documents } from './documents/documents.ts'
import { messageOf } from '../../model/error-details.ts'
import { type History, metaCollection, openHistory, ordersByCodePoint } from './log/workspace-metadata.ts'
import { MixedTypeFields } from './query/mixed-type-fields.ts'
import { Log } from './log/log.ts'
import { prepareLog } from './log/log-indexes.ts'
import type { QueryContext } from './query/query.ts'
import { changedDocuments, replay } from './documents/replay.ts'
import { reorder } from './restore/restore.ts'
import { Restoring } from './restore/restoring.ts'
import { type RetryOptions, retrying } from './driver/retry.ts'
import { Scratch } from './driver/scratch.ts'
import { Schema } from './query/schema.ts'
import type { StoredEntry } from './log/stored-document.ts'

export interface StorageLogger {
  error: (fields: Record<string, unknown>, message: string) => void
}

export interface OpenOptions {
  database: Db
  declared: StorageSchema
  retry: RetryOptions
  now: () => number
  logger: StorageLogger | undefined
  /** Minimum number of documents for a domain to have indexes. */
  leastIndexed: number
}

/** The parts of an open workspace. */
export interface OpenedWorkspace extends QueryContext {
  history: History
  log: Log
  committer: Committer
  restoring: Restoring
  schema: Schema
  retry: RetryOptions
}

/** Takes over the workspace, or creates it, and replays what the last owner left unwritten. */
export function openDatabase(options: OpenOptions): Promise<OpenedWorkspace> {
  return retrying(() => open(options), options.retry)
}

async function open(options: OpenOptions): Promise<OpenedWorkspace> {
  const { database, retry, now, declared } = options
  const meta = metaCollection(database)
  const history = await openHistory(meta)
  const byCodePoint = await ordersByCodePoint(meta)
  // Names of existing collections: `contested` contains tombstones, `irregular` mixed-type fields.
  const tombstones = new Tombstones(database.collection('atrium.contested'))
  const mixedTypeFields = new MixedTypeFields(database.collection('atrium.irregular'), byCodePoint)
  const [over] = await Promise.all([tombstones.load(now()), mixedTypeFields.load()])
  const owned = await own(options, { history, tombstones, mixedTypeFields })
  await owned.documents.purge(over)
  await tombstones.forget(over)
  const schema = openSchema(options, mixedTypeFields, owned.documents)
  await schema.open(declared)
  const scratch = new Scratch(database.collection('atrium.scratch'))
  const refused = refusals(options.logger)
  const parts = { ...owned, tombstones, mixedTypeFields, schema, history, meta, scratch, refused, retry, now }
  const committer = new Committer(parts)
  return { ...parts, byCodePoint, committer, restoring: new Restoring({ ...parts, committer }) }
}

interface Owned {
  log: Log
  entries: Collection<StoredEntry>
  documents: Documents
}

interface Known {
  history: History
  tombstones: Tombstones
  mixedTypeFields: MixedTypeFields
}

/** Takes over the log. A restored log is sorted, and the new log is taken over too. */
async function own(options: OpenOptions, known: Known): Promise<Owned> {
  const { database } = options
  const { history } = known
  const owned = await takeOver(options, known)
  if (!history.restored) return owned
  const failed = indexFailures(options.logger)
  const meta = metaCollection(database)
  await reorder({ database, meta, history, log: owned.log, retry: options.retry, failed })
  return await takeOver(options, known)
}

async function takeOver(
  options: OpenOptions,
  { history, tombstones, mixedTypeFields }: Known,
): Promise<Owned> {
  const { database, now, logger } = options
  const entries = database.collection<StoredEntry>(history.log)
  await prepareLog(entries, indexFailures(logger))
  const log = new Log(entries, () => history.restored)
  const documents = new Documents({
    database,
    log: () => ({ collection: entries, lastSeq: log.lastSeq }),
    hasTombstones: () => tombstones.size > 0,
    needsTombstone: (domain, id) => tombstones.has(domain, id),
    noteText: (domain) => mixedTypeFields.noteTextDocuments(domain),
    refused: refusals(logger),
  })
  const tail = await log.takeOver()
  const left = await log.stored(tail)
  if (left.length > 0) {
    await tombstones.add(changedDocuments(left), now())
    const skipped = (fields: Record<string, unknown>) =>
      logger?.error(fields, 'an entry could not be replayed')
    await replay(left, { documents, offset: history.offset, skipped })
  }
  log.advance(tail.lastSeq)
  if (left.length > 0) await log.seal()
  return { log, entries, documents }
}

function openSchema(
  { database, retry, logger, leastIndexed }: OpenOptions,
  mixedTypeFields: MixedTypeFields,
  documents: Documents,
): Schema {
  return new Schema({
    database,
    meta: metaCollection(database),
    mixedTypeFields,
    source: (domain) => documents.source(domain),
    retry,
    leastIndexed,
    failed: indexFailures(logger),
  })
}

type Report = (error: unknown, fields: Record<string, unknown>) => void

function indexFailures(logger: StorageLogger | undefined): Report {
  return (error, fields) => {
    logger?.error({ reason: messageOf(error), ...fields }, 'an index could not be created')
  }
}

function refusals(
  logger: StorageLogger | undefined,
): (fields: Record<string, unknown>, isKept: boolean) => void {
  return (fields, isKept) =>
    logger?.error(
      fields,
      isKept
        ? 'MongoDB rejects content, which is stored as text instead'
        : 'MongoDB rejects a document even as text: only the log contains it',
    )
}

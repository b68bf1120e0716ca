import { expect } from 'expect'
import type { Connection } from '../../client/connection/connection.ts'
import type { Doc } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import { checkCounters, checkOnce, CLASSES } from './check-log.ts'
import { ofClasses, replayVisible } from './replay.ts'
import { loggedIds } from './transactions.ts'
import type { Writer } from './writer.ts'

/** Acknowledged transactions of each writer that are sent again. */
const REPEATED = 2

export interface WireCheck {
  /** Unanswered transactions that were committed. */
  survived: number
  unanswered: number
}

/** After a restart, over the wire: acknowledged transactions exist, and repeated ones take effect once. */
export async function checkWire(connection: Connection, writers: readonly Writer[]): Promise<WireCheck> {
  const before = await idsOverTheWire(connection)
  checkOnce(before, writers.flatMap(acknowledgedIds), 'after the restart')
  const unanswered = writers.flatMap((writer) => writer.unanswered)
  await Promise.all(writers.flatMap(repeated).map((tx) => connection.tx(tx)))
  const after = await connection.findAll(core.class.Tx)
  checkOnce(
    after.map(({ _id }) => _id),
    writers.flatMap(({ sent }) => sent.flatMap(loggedIds)),
    'sent again',
  )
  await checkDocuments(connection, after as Doc[] as Tx[])
  const known = new Set(before)
  return {
    unanswered: unanswered.length,
    survived: unanswered.filter((tx) => loggedIds(tx).some((id) => known.has(id))).length,
  }
}

async function idsOverTheWire(connection: Connection): Promise<string[]> {
  return (await connection.findAll(core.class.Tx)).map(({ _id }) => _id)
}

function acknowledgedIds({ sent, acknowledged }: Writer): string[] {
  return sent.filter(({ _id }) => acknowledged.has(_id)).flatMap(loggedIds)
}

/** The last acknowledged ones and all unanswered ones, in the order in which they were first sent. */
function repeated({ sent, acknowledged }: Writer): Tx[] {
  const answered = sent.filter(({ _id }) => acknowledged.has(_id)).slice(-REPEATED)
  return sent.filter((tx) => answered.includes(tx) || !acknowledged.has(tx._id))
}

async function checkDocuments(connection: Connection, txes: readonly Tx[]): Promise<void> {
  const found = await Promise.all(CLASSES.map((_class) => connection.findAll(_class)))
  const documents = ofClasses(found.flat(), CLASSES)
  // Documents follow from the log.
  expect(documents).toStrictEqual(ofClasses(replayVisible(txes).values(), CLASSES))
  checkCounters(documents)
}

import { expect } from '@jest/globals'
import type { Doc, Domain, Ref, Space } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { Condition, FindPlan, Path, Value } from '../../model/query/plan.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type {
  CommitBatch,
  EncodedResult,
  LogEntry,
  Part,
  Storage,
  StorageSchema,
  WorkspaceStorage,
} from '../contract.ts'
import { allParts } from '../shared/encode.ts'

export interface Subject {
  storage: Storage
  /** The SQLite file of a workspace’s full-text index, where there is one. */
  indexFile?: (workspace: string) => string
  /** Ends the storage and removes its data. */
  dispose: () => Promise<void>
}

export type SubjectFactory = () => Promise<Subject>

/** The size of the tests whose subject is size. */
export interface SuiteSizes {
  /** Commits before a scan. */
  commits: number
  /** Documents of a backup in chunks. */
  chunked: number
  /** Documents of a long result. */
  streamed: number
  /** Milliseconds for random documents and plans. */
  random: number
}

export const fullSizes: SuiteSizes = { commits: 300, chunked: 40, streamed: 300, random: 15_000 }
/** For a storage that scans all documents for every query. */
export const smallSizes: SuiteSizes = { commits: 60, chunked: 16, streamed: 120, random: 6000 }

export const taskClass = 'test:class:Task' as Ref
export const noteClass = 'test:class:Note' as Ref
export const spaceClass = 'test:class:Space' as Ref
export const mixin = 'test:mixin:Priced'

export const noSchema: StorageSchema = { domains: [] }
export const taskSchema: StorageSchema = {
  domains: [
    {
      domain: 'task',
      indexes: [
        {
          keys: [
            { path: ['space'], order: 1 },
            { path: ['rank'], order: 1 },
          ],
        },
        { keys: [{ path: ['rank'], order: 1 }] },
        { keys: [{ path: [mixin, 'price'], order: -1 }] },
      ],
      fullText: [['title'], ['text'], [mixin, 'label']],
    },
  ],
}

export function task(_id: string, fields: Record<string, unknown> = {}): Doc {
  return {
    _id,
    _class: taskClass,
    space: 'space-a',
    modifiedBy: core.account.System,
    modifiedOn: 1000,
    createdBy: core.account.System,
    createdOn: 1000,
    ...fields,
  } as unknown as Doc
}

export function entry(
  seq: number,
  fields: Record<string, unknown> = {},
  rest: Partial<LogEntry> = {},
): LogEntry {
  const _id = `tx-${String(seq).padStart(6, '0')}`
  const tx = {
    _id,
    _class: core.class.TxCreateDoc,
    space: core.space.Tx,
    modifiedBy: core.account.System,
    modifiedOn: seq,
    objectId: `doc-${seq}`,
    objectClass: taskClass,
    objectSpace: 'space-a' as Ref<Space>,
    ...fields,
  }
  return { seq, tx: tx as unknown as TxCUD, request: _id, ...rest }
}

export function batch(parts: Partial<CommitBatch>): CommitBatch {
  return { entries: [], puts: [], removes: [], ...parts }
}

/** Commits documents, each with its own entry. */
export async function putAll(
  workspace: WorkspaceStorage,
  after: number,
  docs: readonly Doc[],
  domain = 'task',
): Promise<number> {
  const entries = docs.map((doc, index) => entry(after + index + 1, { objectId: doc._id }))
  await workspace.commit(batch({ entries, puts: docs.map((doc) => ({ domain, doc })) }))
  return after + docs.length
}

export function plan(parts: Partial<FindPlan> = {}): FindPlan {
  return {
    domain: 'task',
    condition: { op: 'all-of', conditions: [] },
    sort: [],
    total: false,
    lookups: [],
    ...parts,
  }
}

export function eq(path: string | Path, value: Value): Condition {
  return { op: 'eq', path: typeof path === 'string' ? [path] : path, value }
}

export async function idsOf(workspace: WorkspaceStorage, parts: Partial<FindPlan>): Promise<string[]> {
  return (await workspace.find(plan(parts))).map((doc) => doc._id)
}

/** The decoded parts of `findEncoded`. */
export async function decoded(
  workspace: WorkspaceStorage,
  wanted: FindPlan,
): Promise<{ docs: Doc[]; total: number }> {
  const limits = { maxBytes: 2000, maxCount: 7 }
  const found = await unpacked(await workspace.findEncoded(wanted, limits))
  const atOnce = workspace.findAtOnce?.(wanted, limits)
  if (atOnce !== undefined) expect(await unpacked(atOnce)).toStrictEqual(found)
  return found
}

async function unpacked(result: EncodedResult): Promise<{ docs: Doc[]; total: number }> {
  const docs = (await allParts(result)).flatMap((part) => JSON.parse(`[${textOf(part)}]`) as Doc[])
  return { docs, total: result.total }
}

export function textOf(part: Part): string {
  return typeof part === 'string' ? part : new TextDecoder().decode(part)
}

/** Runs with one open workspace, which is closed afterwards. */
export async function withWorkspace(
  make: SubjectFactory,
  schema: StorageSchema,
  run: (workspace: WorkspaceStorage, storage: Storage) => Promise<void>,
): Promise<void> {
  const { storage, dispose } = await make()
  try {
    await run(await storage.openWorkspace('workspace', schema), storage)
  } finally {
    await dispose()
  }
}

export async function uploadAll(
  workspace: WorkspaceStorage,
  groups: Record<Domain, readonly Doc[]>,
): Promise<void> {
  for (const [domain, docs] of Object.entries(groups)) await workspace.upload(domain, docs)
}

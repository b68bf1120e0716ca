import { z } from 'zod'
import type { Doc } from '../../model/documents.ts'
import { jsonFlaw } from '../../model/json-value.ts'
import { StatusError } from '../../model/status.ts'
import type { Pipeline } from '../../pipeline/open-workspace.ts'
import { type Verification, verifyLog } from '../../pipeline/verify-log.ts'
import type { WorkspaceStorage } from '../../pipeline/storage/contract.ts'
import { type Method, parse } from './methods.ts'

/** Bytes of documents one `loadChunk` lists, as PROTOCOL.md says. */
const CHUNK_BYTES = 2 * 1024 * 1024
/** Chunk cursors a workspace's backup tools may have open at once. */
const MAX_CURSORS = 100

const domain = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/i, 'letters, digits, dashes')
const documents = z.array(z.looseObject({ _id: z.string(), _class: z.string() }))

/** Where each open listing goes on, by workspace. */
const cursors = new WeakMap<WorkspaceStorage, Cursors>()

interface Cursors {
  last: number
  open: Map<number, string>
}

/** Methods of sessions with `mode: 'backup'`, and of no other. */
export const backupMethods: ReadonlyMap<string, Method> = new Map([
  ['loadChunk', backupOnly(loadChunk)],
  ['closeChunk', backupOnly(closeChunk)],
  ['loadDocs', backupOnly(loadDocs)],
  ['upload', backupOnly(upload)],
  ['clean', backupOnly(clean)],
  ['verify', backupOnly(verify)],
])

/** Times a log that grows meanwhile is replayed. */
const MAX_REPLAYS = 5

/** Not in the protocol of old: compares the documents with the log. */
async function verify({ storage, model, lastSeq }: Pipeline): Promise<Verification> {
  for (let replayed = 1; ; replayed++) {
    const seq = lastSeq()
    const verification = await verifyLog(storage, model.hierarchy)
    if (seq === lastSeq() || replayed === MAX_REPLAYS) return verification
  }
}

function backupOnly(run: (pipeline: Pipeline, params: unknown[]) => unknown): Method {
  return {
    kind: 'other',
    run: ({ token, pipeline }, params) => {
      if (token.mode === 'backup') return run(pipeline, params)
      throw new StatusError('platform:status:Forbidden', { message: 'only backup sessions may' })
    },
  }
}

async function loadChunk({ storage }: Pipeline, params: unknown[]): Promise<unknown> {
  const [name, given] = parse(z.tuple([domain, z.number().nullish()]), [params[0], params[1]])
  const own = cursorsOf(storage)
  const idx = given ?? ++own.last
  const cursor = own.open.get(idx)
  if (given != null && cursor === undefined) throw badRequest(`there is no chunk ${given}`)
  if (own.open.size >= MAX_CURSORS && cursor === undefined) {
    throw new StatusError('platform:status:LimitReached', { limit: 'open chunks', value: MAX_CURSORS })
  }
  const page = await storage.list(name, cursor, CHUNK_BYTES)
  if (page.cursor === undefined) own.open.delete(idx)
  else own.open.set(idx, page.cursor)
  return { idx, docs: page.docs, finished: page.cursor === undefined }
}

function closeChunk({ storage }: Pipeline, params: unknown[]): unknown {
  const [idx] = parse(z.tuple([z.number()]), params.slice(0, 1))
  cursorsOf(storage).open.delete(idx)
  return {}
}

async function loadDocs({ storage }: Pipeline, params: unknown[]): Promise<Doc[]> {
  const [name, ids] = parse(z.tuple([domain, z.array(z.string())]), params.slice(0, 2))
  return await storage.get(name, ids)
}

async function upload({ storage, restored }: Pipeline, params: unknown[]): Promise<unknown> {
  const [name, docs] = parse(z.tuple([domain, documents]), params.slice(0, 2))
  const flaw = jsonFlaw(docs)
  if (flaw !== undefined) throw badRequest(flaw)
  await storage.upload(name, docs as unknown as Doc[])
  await restored()
  return {}
}

async function clean({ storage, restored }: Pipeline, params: unknown[]): Promise<unknown> {
  const [name, ids] = parse(z.tuple([domain, z.array(z.string())]), params.slice(0, 2))
  await storage.clean(name, ids)
  await restored()
  return {}
}

function cursorsOf(storage: WorkspaceStorage): Cursors {
  const own = cursors.get(storage) ?? { last: 0, open: new Map<number, string>() }
  cursors.set(storage, own)
  return own
}

function badRequest(message: string): StatusError {
  return new StatusError('platform:status:BadRequest', { message })
}

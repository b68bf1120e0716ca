import { z } from 'zod'
import type { Doc } from '../../model/documents.ts'
import { isIllFormed } from '../../model/ill-formed-id.ts'
import { StatusError } from '../../model/status.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import { type Verification, verifyLog } from '../../pipeline/verify/verify-log.ts'
import { takeParams } from '../../protocol/take-params.ts'
import { domainHash } from '../../storage/shared/domain-hash.ts'
import type { BackupChunk } from '../../pipeline/reads/backup-scans.ts'
import { parseParams } from '../../protocol/parse-params.ts'
import type { Method, MethodTable } from './method.ts'

const domain = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/i, 'letters, digits, dashes')
const documents = z.array(z.looseObject({ _id: z.string(), _class: z.string() }))

/** Methods of sessions with `mode: 'backup'` only. */
export const backupMethods: MethodTable = [
  ['loadChunk', backupOnly(loadChunk)],
  ['closeChunk', backupOnly(closeChunk)],
  ['loadDocs', backupOnly(loadDocs)],
  ['getDomainHash', backupOnly(getDomainHash)],
  ['upload', backupOnly(upload)],
  ['clean', backupOnly(clean)],
  ['verify', backupOnly(verify)],
]

/** Compares the documents with the log. */
async function verify({ storage, model }: Pipeline): Promise<Verification> {
  return await verifyLog(storage, model.hierarchy)
}

function backupOnly(run: (pipeline: Pipeline, params: unknown[]) => unknown): Method {
  return {
    kind: 'other',
    refuses: ({ isBackup }) => (isBackup ? undefined : 'only backup sessions may'),
    run: ({ pipeline }, params) => run(pipeline, params),
  }
}

async function loadChunk({ backupScans }: Pipeline, params: unknown[]): Promise<BackupChunk> {
  const [name, given] = parseParams(z.tuple([domain, z.number().nullish()]), [params[0], params[1]])
  return await backupScans.next(name, given ?? (await backupScans.begin(name)))
}

function closeChunk({ backupScans }: Pipeline, params: unknown[]): unknown {
  const [idx] = parseParams(z.tuple([z.number()]), params.slice(0, 1))
  backupScans.close(idx)
  return {}
}

async function loadDocs({ storage, backupScans }: Pipeline, params: unknown[]): Promise<Doc[]> {
  const schema = z.tuple([domain, z.array(z.string()), z.number().nullish()])
  const [name, ids, idx] = parseParams(schema, [params[0], params[1], params[2]])
  return idx == null ? await storage.get(name, ids) : await backupScans.get(name, idx, ids)
}

async function getDomainHash({ storage }: Pipeline, params: unknown[]): Promise<string> {
  const [name] = parseParams(z.tuple([domain]), params.slice(0, 1))
  return await domainHash(storage, name)
}

async function upload({ restoring }: Pipeline, params: unknown[]): Promise<unknown> {
  const [name, docs] = parseParams(z.tuple([domain, documents]), params.slice(0, 2))
  if (docs.some(({ _id }) => isIllFormed(_id))) throw badRequest('half of a surrogate pair in an id')
  await restoring.upload(name, takeParams(docs) as Doc[])
  return {}
}

async function clean({ restoring }: Pipeline, params: unknown[]): Promise<unknown> {
  const [name, ids] = parseParams(z.tuple([domain, z.array(z.string())]), params.slice(0, 2))
  await restoring.clean(name, ids)
  return {}
}

function badRequest(message: string): StatusError {
  return new StatusError('platform:status:BadRequest', { message })
}

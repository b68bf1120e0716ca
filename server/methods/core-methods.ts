import { z } from 'zod'
import type { Class, Ref } from '../../model/documents.ts'
import { isFields } from '../../model/json-value.ts'
import { MAX_PATTERN_LENGTH } from '../../model/query/regex.ts'
import { checkSearch, searchPrefixes } from '../../model/query/search-terms.ts'
import type { DocumentQuery, FindOptions } from '../../model/query/query.ts'
import { StatusError } from '../../model/status.ts'
import { padParams, parseParams } from '../../protocol/parse-params.ts'
import { takeParams, takeQuery } from '../../protocol/take-params.ts'
import { parseTransaction } from '../../protocol/transaction-schema.ts'
import type { FindRequest } from '../../pipeline/workspace/middleware.ts'
import type { PartLimits } from '../../storage/contract.ts'
import { Sequenced } from '../wire/encode-response.ts'
import type { Method, MethodContext, MethodTable } from './method.ts'

/** Maximum operations that one session measures at once. */
const MAX_MEASURES = 100

/** Maximum characters of a name of a class, a domain or an operation. */
const MAX_NAME = 256

const name = z.string().min(1).max(MAX_NAME)
const record = z.record(z.string(), z.unknown())
const findParams = z.tuple([name, record, record.nullish()]).rest(z.unknown())
type FindParams = z.infer<typeof findParams>
const loadModelParams = z.tuple([z.number().nullish(), z.string().nullish()]).rest(z.unknown())
const searchParams = z
  .tuple([
    z.object({
      query: z.string().max(MAX_PATTERN_LENGTH),
      classes: z.array(name).nullish(),
      spaces: z.array(name).nullish(),
    }),
    z
      .object({ limit: z.number().int().positive().nullish(), prefix: z.enum(searchPrefixes).nullish() })
      .nullish(),
  ])
  .rest(z.unknown())
const measureParams = z.tuple([name]).rest(z.unknown())

/** The methods of PROTOCOL.md that any session may call. */
export const coreMethods: MethodTable = [
  ['ping', other(() => 'pong!')],
  ['findAll', { kind: 'find', run: findAll }],
  ['query', { kind: 'find', protocol: 2, run: query }],
  ['tx', { kind: 'tx', run: ({ pipeline, caller }, [tx]) => pipeline.tx(caller, parseTransaction(tx)) }],
  ['loadModel', other(loadModel)],
  ['getAccount', other(getAccount)],
  ['searchFulltext', { kind: 'find', run: searchFulltext }],
  ['measure', other(measure)],
  ['measure-done', other(measureDone)],
]

function other(run: Method['run']): Method {
  return { kind: 'other', run }
}

function findAll({ pipeline, caller, encoded }: MethodContext, params: unknown[]): unknown {
  return pipeline.find(caller, findRequest(params, encoded))
}

/** A find for a live query: it returns the position up to which it takes pushes into account. */
async function query({ pipeline, caller, encoded }: MethodContext, params: unknown[]): Promise<unknown> {
  const { seq, value } = await pipeline.query(caller, findRequest(params, encoded))
  return new Sequenced(seq, value)
}

function findRequest(params: unknown[], encoded: PartLimits | undefined): FindRequest {
  const [_class, query, options] = takeQuery(
    isFind(params) ? params : parseParams(findParams, padParams(params, 3)),
  )
  return {
    _class: _class as Ref<Class>,
    query: query as DocumentQuery,
    options: (options ?? {}) as FindOptions,
    encoded,
  }
}

/** Checks without the schema, which is slower and only needed for the error message. */
function isFind(params: unknown[]): params is FindParams {
  const [_class, query, options] = params
  if (typeof _class !== 'string' || _class.length === 0 || _class.length > MAX_NAME) return false
  return isFields(query) && (options === undefined || options === null || isFields(options))
}

async function loadModel({ pipeline, caller }: MethodContext, params: unknown[]): Promise<unknown> {
  const [lastTxTime, hash] = parseParams(loadModelParams, padParams(params, 2))
  return await pipeline.loadModel(caller, lastTxTime ?? 0, hash ?? undefined)
}

/** Existing clients expect `null` when there is no account. */
function getAccount({ pipeline, session }: MethodContext): unknown {
  const { token, protocol } = session
  const account = pipeline.model.accountOf(token.email)
  if (account === undefined && protocol === 1) return null
  if (account === undefined) throw new StatusError('platform:status:AccountNotFound', { email: token.email })
  return account
}

function searchFulltext({ pipeline, caller }: MethodContext, params: unknown[]): unknown {
  const [{ query, classes, spaces }, options] = parseParams(searchParams, padParams(takeParams(params), 2))
  checkSearch(query)
  const search = {
    query,
    classes: (classes ?? undefined) as Ref<Class>[] | undefined,
    spaces: spaces ?? undefined,
  }
  const { limit, prefix } = options ?? {}
  return pipeline.searchFulltext(caller, search, { limit: limit ?? undefined, prefix: prefix ?? undefined })
}

function measure({ measures }: MethodContext, params: unknown[]): unknown {
  const [operation] = parseParams(measureParams, params)
  if (measures.size >= MAX_MEASURES) {
    throw new StatusError('platform:status:LimitReached', { limit: 'measures', value: MAX_MEASURES })
  }
  measures.set(operation, 0)
  return 'started'
}

function measureDone({ measures }: MethodContext, params: unknown[]): unknown {
  const [operation] = parseParams(measureParams, params)
  const spent = measures.get(operation)
  if (spent === undefined) {
    throw new StatusError('platform:status:BadRequest', { message: `nothing measures ${operation}` })
  }
  measures.delete(operation)
  return spent
}

import { Packr, Unpackr } from 'msgpackr'
import { StatusError } from '../model/status.ts'
import type { FindResult } from '../model/query/query.ts'
import type { Request, Response } from './messages.ts'
import { idOf } from './parse-request.ts'
import { HALF_PAIR, isTree, mayHold, POINTER, withHalves } from './packed-tree.ts'

/** The encoding of a find result: arrays lose the property `total` in JSON and in msgpack. */
interface TotalArray {
  dataType: 'TotalArray'
  total: number
  value: unknown[]
}

const packr = new Packr({ structuredClone: true, bundleStrings: true })
const utf8 = new TextDecoder()
const unpackr = new Unpackr({ structuredClone: true, bundleStrings: true })

/** The frame as JSON text. */
export function encodeJson(response: Response): string {
  return JSON.stringify(outgoing(response))
}

/** The frame packed with msgpackr. */
export function encodeBinary(response: Response): Buffer {
  return packr.pack(outgoing(response))
}

/** Packs the request of a client. */
export function encodeBinaryRequest(request: Request): Uint8Array {
  return packr.pack(request)
}

export function decodeJson(text: string): Response {
  return incoming(JSON.parse(text))
}

export function decodeBinary(bytes: Uint8Array): Response {
  return incoming(unpackr.unpack(bytes))
}

/** @throws StatusError `platform:status:BadRequest` if the frame is not of its kind */
export function decodeRequestFrame(data: Uint8Array, isBinary: boolean): unknown {
  try {
    return isBinary ? unpackTree(data) : JSON.parse(utf8.decode(data))
  } catch (cause) {
    if (cause instanceof StatusError) throw cause
    const message = isBinary ? 'the frame is not msgpack' : 'the frame is not JSON'
    throw new StatusError('platform:status:BadRequest', { message }, { cause })
  }
}

/** The content of a packed frame, as its JSON would represent it. */
function unpackTree(data: Uint8Array): unknown {
  const value: unknown = unpackr.unpack(data)
  if (mayHold(data, POINTER) && !isTree(value, data.length)) throw tooMuch(value)
  return mayHold(data, HALF_PAIR) ? withHalves(value) : value
}

function tooMuch(frame: unknown): StatusError {
  const id = idOf(frame)
  const known = id === undefined ? {} : { id }
  return new StatusError('platform:status:BadRequest', { message: 'too many pointers', ...known })
}

function outgoing(response: Response): Response {
  if (!('result' in response)) return response
  const { result } = response
  if (result === undefined) return { ...response, result: null }
  return hasTotal(result) ? { ...response, result: totalArray(result) } : response
}

function incoming(response: Response): Response {
  const { result } = response
  return isTotalArray(result) ? { ...response, result: findResult(result.value, result.total) } : response
}

/** An array with its `total`. */
export function findResult<T>(docs: T[], total: number): T[] & { total: number } {
  return Object.assign(docs, { total })
}

function hasTotal(result: unknown): result is FindResult {
  return Array.isArray(result) && 'total' in result
}

function totalArray(result: FindResult): TotalArray {
  return { dataType: 'TotalArray', total: result.total, value: [...result] }
}

function isTotalArray(result: unknown): result is TotalArray {
  return (
    typeof result === 'object' && result !== null && 'dataType' in result && result.dataType === 'TotalArray'
  )
}

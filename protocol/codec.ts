import { Packr, Unpackr } from 'msgpackr'
import { StatusError } from '../model/status.ts'
import type { FindResult } from '../model/query/query.ts'
import type { Request, Response } from './messages.ts'
import { FrameFlaw } from './frame-limits.ts'
import { holdsHalfPairs, withHalves } from './half-pairs.ts'
import { idInJson, scanJson } from './scan-json.ts'
import { PackedScan } from './scan-packed.ts'

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

/**
 * The content of a request frame, as its JSON would represent it. Its size is known before anything is built of it.
 * @throws StatusError `platform:status:BadRequest` if the frame is not of its kind, or exceeds a limit of
 *   `frame-limits.ts`. `params.id` is the id of the request, if it is cheap to know.
 */
export function decodeRequestFrame(data: Uint8Array, isBinary: boolean): unknown {
  return isBinary ? unpackTree(data) : parseText(data)
}

function parseText(data: Uint8Array): unknown {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  try {
    scanJson(text)
    return JSON.parse(utf8.decode(data))
  } catch (cause) {
    if (cause instanceof FrameFlaw) throw cause.toStatusError(idInJson(text))
    throw new StatusError('platform:status:BadRequest', { message: 'the frame is not JSON' }, { cause })
  }
}

function unpackTree(data: Uint8Array): unknown {
  const scan = new PackedScan(data)
  try {
    scan.run()
    const value: unknown = unpackr.unpack(data)
    // An object within itself is refused later, and has no end.
    return !scan.isCyclic && holdsHalfPairs(data) ? withHalves(value) : value
  } catch (cause) {
    if (cause instanceof FrameFlaw) throw cause.toStatusError(scan.id())
    throw new StatusError('platform:status:BadRequest', { message: 'the frame is not msgpack' }, { cause })
  }
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

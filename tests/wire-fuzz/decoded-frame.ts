import { Unpackr } from 'msgpackr'
import { inflateRawSync } from 'node:zlib'
import type { Frame } from '../support/raw-client.ts'

const unpackr = new Unpackr({ structuredClone: true, bundleStrings: true })

/** A frame of the server; those of a session that asked for compression may be deflated. */
export function decodedFrame(data: Buffer, isBinary: boolean): Frame {
  const text = data.toString('utf8')
  if (!isBinary) return text === 'pong!' ? { result: text } : (JSON.parse(text) as Frame)
  try {
    return unpackr.unpack(data) as Frame
  } catch {
    return JSON.parse(inflateRawSync(data).toString()) as Frame
  }
}

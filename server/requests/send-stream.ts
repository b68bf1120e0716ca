import { StatusError } from '../../model/status.ts'
import type { MethodStream } from '../../pipeline/methods/method-stream.ts'
import { encodeFrame } from '../wire/encode-response.ts'
import { deflatedFrame, type Frame } from '../wire/frame.ts'
import type { Call } from './call.ts'

/** How the frames of a stream are sent. */
export interface StreamSending {
  /** Bytes of the largest frame. */
  largestFrame: number
  /** The frame that tells why the stream ends. */
  failure: (error: unknown) => Frame
}

/** Sends the values of a stream as the client takes them. Resolves after the last frame. */
export async function sendStream(call: Call, stream: MethodStream, sending: StreamSending): Promise<void> {
  const { session } = call
  try {
    for (let isOver = false; !isOver;) {
      await session.room()
      const { done, value } = await stream.next()
      // The end needs no room, and whether there is one is known after the next value was asked for.
      if (!done) await call.running?.window?.take()
      session.send(frameOf(call, done ? { more: false } : { result: value, more: true }, sending), 'response')
      isOver = done
    }
  } catch (error) {
    session.send(sending.failure(error), 'error')
  } finally {
    stream.close()
  }
}

/** @throws StatusError TooLarge */
function frameOf(
  { request, session }: Call,
  fields: { result?: unknown; more: boolean },
  { largestFrame }: StreamSending,
): Frame {
  const { format } = session
  const frame = encodeFrame({ id: request.id, ...fields }, format)
  if (frame.length > largestFrame)
    throw new StatusError('platform:status:TooLarge', { size: frame.length, limit: largestFrame })
  return format.compressed ? deflatedFrame(frame) : frame
}

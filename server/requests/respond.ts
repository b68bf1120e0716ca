import { MethodStream } from '../../pipeline/methods/method-stream.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'
import type { RequestId } from '../../protocol/messages.ts'
import { mapError } from '../errors/map-error.ts'
import { encodeFrame, encodeResponse } from '../wire/encode-response.ts'
import { deflatedFrame, type Frame } from '../wire/frame.ts'
import type { FrameFormat } from '../wire/frame-format.ts'
import type { FrameSource } from '../wire/frame-streams.ts'
import type { Call, RequestLink, RequestMetrics } from './call.ts'
import { sendStream } from './send-stream.ts'

/** Sends the result of a request, or the error that it ended with. */
export const respond: RequestLink = (next, { chunk, largeFrame, logger, metrics }) => {
  const failure = ({ caller, request, session }: Call, error: unknown): Frame => {
    const { id, method } = request
    const fields = {
      method,
      workspace: session.token.workspace,
      caller: caller.email,
      session: session.id,
      request: id,
    }
    return encodeError(id, error, { format: session.format, logger, metrics, fields })
  }
  const failed = (call: Call, error: unknown): void => call.session.send(failure(call, error), 'error')
  const succeeded = (call: Call, result: unknown): void | Promise<void> => {
    const { request, session } = call
    const { format } = session
    if (result instanceof MethodStream)
      return sendStream(call, result, { largestFrame: largeFrame, failure: (error) => failure(call, error) })
    const encoding = { format, limits: chunk(), failed: (error: unknown) => failure(call, error) }
    const response = encodeResponse(request.id, result, encoding)
    if (!Buffer.isBuffer(response)) return stream(call, compressing(response, format), metrics)
    const frame = format.compressed ? deflatedFrame(response) : response
    if (frame.length < largeFrame) return session.send(frame, 'response')
    return stream(call, singleFrame(frame), metrics)
  }
  const later = async (call: Call, promise: Promise<unknown>): Promise<void> => {
    try {
      await succeeded(call, await promise)
    } catch (error) {
      failed(call, error)
    }
  }
  return (call) => {
    try {
      const result = next(call)
      return result instanceof Promise ? later(call, result) : succeeded(call, result)
    } catch (error) {
      failed(call, error)
      return undefined
    }
  }
}

/** The frame that tells a client why its request failed. */
export function encodeError(
  id: RequestId,
  error: unknown,
  {
    format,
    logger,
    metrics,
    fields = {},
  }: { format: FrameFormat; logger: Logger; metrics: Pick<RequestMetrics, 'failed'>; fields?: object },
): Frame {
  const status = mapError(error, logger, fields)
  metrics.failed(status.code)
  return encodeFrame({ id, error: status }, format)
}

/** Resolves when the last part of a long response was taken: until then the request counts as one that runs. */
async function stream({ session }: Call, source: FrameSource, metrics: RequestMetrics): Promise<void> {
  const counted = (frame: Frame | undefined): Frame | undefined => {
    if (frame !== undefined) metrics.sent('response', frame.length)
    return frame
  }
  await new Promise<void>((resolve) => {
    session.sendAll({
      next: () => {
        const next = source.next()
        return next instanceof Promise ? next.then(counted) : counted(next)
      },
      close: () => {
        source.close()
        resolve()
      },
    })
  })
}

function compressing(source: FrameSource, { compressed }: FrameFormat): FrameSource {
  if (!compressed) return source
  const deflated = (frame: Frame | undefined): Frame | undefined => frame && deflatedFrame(frame)
  return {
    next: () => {
      const next = source.next()
      return next instanceof Promise ? next.then(deflated) : deflated(next)
    },
    close: () => source.close(),
  }
}

function singleFrame(frame: Frame): FrameSource {
  let next: Frame | undefined = frame
  return {
    next: () => {
      const taken = next
      next = undefined
      return taken
    },
    close: () => undefined,
  }
}

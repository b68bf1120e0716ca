import { decodeRequestFrame } from '../../protocol/codec.ts'
import { z } from 'zod'
import { parseParams } from '../../protocol/parse-params.ts'
import { type HelloRequest, type Request, type RequestId, SIGNAL_ID } from '../../protocol/messages.ts'
import { isHello, MAX_STREAM_WINDOW, parseRequest } from '../../protocol/parse-request.ts'
import { mapError } from '../errors/map-error.ts'
import { encodeError } from '../requests/respond.ts'
import { type Frame, textFrame } from '../wire/frame.ts'
import type { FrameFormat } from '../wire/frame-format.ts'
import type { Message } from './early-messages.ts'
import type { SentKind, SessionServices } from './session-services.ts'

export interface MessageHandlers {
  hello: (hello: HelloRequest) => void
  /** The client knows that the model is about to change. */
  upgrading: () => void
  /** The client has waited, after requests were refused by their rate. */
  rested: () => void
  /** The client does not want the result of a request any more. */
  cancelled: (id: RequestId) => void
  /** The client takes more values of a stream. */
  more: (id: RequestId, values: number) => void
  request: (request: Request) => void
}

/** Parses a message and hands it on. What cannot be parsed is responded to with an error. */
export function receiveMessage(
  { data, isBinary }: Message,
  session: { readonly format: FrameFormat; send: (frame: Frame, kind: SentKind) => void },
  { metrics, logger }: SessionServices,
  handlers: MessageHandlers,
): void {
  metrics.received(isBinary ? 'binary' : 'text', data.length)
  if (!isBinary && isPing(data)) {
    session.send(textFrame('pong!'), 'signal')
    return
  }
  try {
    handle(parseRequest(decodeRequestFrame(data, isBinary)), handlers)
  } catch (error) {
    const { id } = mapError(error, logger).params
    const requestId = typeof id === 'boolean' || id === undefined ? SIGNAL_ID : id
    session.send(encodeError(requestId, error, { format: session.format, metrics, logger }), 'error')
  }
}

function handle(request: Request | HelloRequest, handlers: MessageHandlers): void {
  if (isHello(request)) return handlers.hello(request)
  switch (request.method) {
    case '#upgrading':
    case '#upgrade':
      return handlers.upgrading()
    case '#rested':
      return handlers.rested()
    case '#cancel':
      return handlers.cancelled(cancelledId(request))
    case '#more':
      return handlers.more(...takenValues(request))
    default:
      handlers.request(request)
  }
}

const requestId = z.union([z.number(), z.string()])
const cancelParams = z.tuple([requestId]).rest(z.unknown())
const moreParams = z.tuple([requestId, z.number().int().positive().max(MAX_STREAM_WINDOW)]).rest(z.unknown())

/** @throws StatusError BadRequest */
function cancelledId({ params }: Request): RequestId {
  return parseParams(cancelParams, params)[0]
}

/** @throws StatusError BadRequest */
function takenValues({ params }: Request): [id: RequestId, values: number] {
  const [id, values] = parseParams(moreParams, params)
  return [id, values]
}

/** Some clients ask for a sign of life by the bare text, instead of a request. */
function isPing(data: Buffer): boolean {
  return data.length === PING.length && data.equals(PING)
}

const PING = Buffer.from('ping')

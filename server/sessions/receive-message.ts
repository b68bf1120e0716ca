import { decodeRequestFrame } from '../../protocol/codec.ts'
import { type HelloRequest, type Request, SIGNAL_ID } from '../../protocol/messages.ts'
import { isHello, parseRequest } from '../../protocol/parse-request.ts'
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

function handle(
  request: Request | HelloRequest,
  { hello, upgrading, rested, request: run }: MessageHandlers,
): void {
  if (isHello(request)) hello(request)
  else if (request.method === '#upgrading' || request.method === '#upgrade') upgrading()
  else if (request.method === '#rested') rested()
  else run(request)
}

/** Some clients ask for a sign of life by the bare text, instead of a request. */
function isPing(data: Buffer): boolean {
  return data.length === PING.length && data.equals(PING)
}

const PING = Buffer.from('ping')

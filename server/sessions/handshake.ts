import type { CatchUp, CatchUpRequest } from '../../pipeline/reads/catch-up.ts'
import type { HelloRequest, HelloResponse, LogPosition } from '../../protocol/messages.ts'
import { SIGNAL_ID } from '../../protocol/messages.ts'
import { encodeFrame } from '../wire/encode-response.ts'
import type { Frame } from '../wire/frame.ts'
import { initialFormat } from '../wire/frame-format.ts'
import type { PushFeed } from './push-feed.ts'
import type { SessionServices } from './session-services.ts'
import type { Opened, Settings } from './session-state.ts'

export interface HandshakeParts {
  session: { readonly id: string; readonly isOver: boolean }
  services: SessionServices
  feed: PushFeed
  /** As they are now: the client may say hello again while it catches up. */
  settings: () => Settings
  /** What the server says of itself. */
  introduction: (hello: HelloRequest) => Partial<HelloResponse>
  send: (frame: Frame) => void
}

const features = ['resume', 'query', 'binary', 'deflate', 'authenticate']

/** The response to `hello`, and the catch-up of a client that resumes. */
export class Handshake {
  readonly #parts: HandshakeParts

  constructor(parts: HandshakeParts) {
    this.#parts = parts
  }

  /** The settings are those that the hello asks for. */
  respond(hello: HelloRequest, opened: Opened): void {
    if (hello.protocol !== 2) this.#respond(hello, {})
    else if (hello.resume === undefined) this.#startAt(hello, workspaceFacts(opened))
    else void this.#resume(hello, hello.resume, opened)
  }

  #startAt(hello: HelloRequest, facts: Partial<HelloResponse> & { seq: number }): void {
    this.#parts.feed.startAt(facts.seq)
    this.#respond(hello, facts)
  }

  #respond(hello: HelloRequest, facts: Partial<HelloResponse>): void {
    const { introduction, send, settings } = this.#parts
    const { binary } = settings().format
    const response = { id: SIGNAL_ID, result: 'hello', binary, ...introduction(hello), ...facts }
    send(encodeFrame(response, initialFormat))
  }

  /** Sends what the client missed, before anything newer; or has it reload when that cannot be told exactly. */
  async #resume(hello: HelloRequest, { epoch, seq }: LogPosition, opened: Opened): Promise<void> {
    const { feed, services, session, settings } = this.#parts
    const { resume: most, outbox } = services.limits
    // Half of what may wait for a slow reader: the rest is for what comes meanwhile.
    const request = { after: seq, most, mostBytes: outbox.bytes / 2 }
    const buffer = feed.hold(outbox.messages)
    const catchUp = await this.#readMissed(epoch, request, opened)
    if (!feed.release(buffer) || session.isOver) return
    const frames = catchUp === undefined ? undefined : buffer.frames(catchUp)
    const facts = workspaceFacts(opened)
    if (catchUp === undefined || frames === undefined) {
      this.#startAt(hello, { ...facts, resumed: false })
      for (const held of buffer.since(facts.seq)) feed.send(held, settings())
    } else {
      feed.startAt(seq)
      this.#respond(hello, { ...facts, seq: catchUp.seq, resumed: true })
      for (const frame of frames) feed.send(frame, settings())
    }
  }

  async #readMissed(
    epoch: string,
    request: CatchUpRequest,
    { pipeline, caller }: Opened,
  ): Promise<CatchUp | undefined> {
    if (epoch !== pipeline.epoch) return undefined
    try {
      return await pipeline.catchUp(caller, request)
    } catch (error) {
      const { services, session } = this.#parts
      services.logger.error(
        { err: error, session: session.id },
        'the log was not read for a session that resumes',
      )
      return undefined
    }
  }
}

/** What a client of protocol 2 is told of the workspace. */
function workspaceFacts({ pipeline, caller }: Opened): Partial<HelloResponse> & { seq: number } {
  const account = caller.account === '' ? {} : { account: caller.account }
  const { epoch, model, lastSeq } = pipeline
  return { protocol: 2, epoch, seq: lastSeq(), modelHash: model.hash, features, ...account }
}

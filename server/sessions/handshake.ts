import type { CatchUp, CatchUpRequest } from '../../pipeline/reads/catch-up.ts'
import type { HelloRequest, HelloResponse, LogPosition } from '../../protocol/messages.ts'
import { SIGNAL_ID } from '../../protocol/messages.ts'
import { encodeFrame } from '../wire/encode-response.ts'
import type { Frame } from '../wire/frame.ts'
import { initialFormat } from '../wire/frame-format.ts'
import type { PushFeed } from './push-feed.ts'
import { missedFrames, type ResumeBuffer } from './resume-buffer.ts'
import type { SessionServices } from './session-services.ts'
import type { Opened, Settings } from './session-state.ts'

export interface HandshakeParts {
  session: { readonly id: string; readonly token: { readonly workspace: string }; readonly isOver: boolean }
  services: SessionServices
  feed: PushFeed
  /** As they are now: the client may say hello again while it catches up. */
  settings: () => Settings
  /** What the server says of itself. */
  introduction: (hello: HelloRequest) => Partial<HelloResponse>
  send: (frame: Frame) => void
  /** More was pushed while the client caught up than is held for it. */
  overflow: () => void
}

const features = ['resume', 'query', 'binary', 'deflate', 'authenticate', 'keys', 'cancel', 'streams']

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
    const { feed, overflow, services, session, settings } = this.#parts
    const { limits, resumes, turns } = services
    const { resume: most, outbox } = limits
    const { workspace } = session.token
    // Half of what may wait for a slow reader: the rest is for what comes meanwhile.
    const request = { after: seq, most, mostBytes: outbox.bytes / 2 }
    const buffer = feed.hold(outbox.messages)
    const catchUp = await resumes.run(workspace, session, () => this.#readMissed(epoch, request, opened))
    if (!feed.isHeldBy(buffer) || session.isOver) return
    if (catchUp === undefined || buffer.isTooMuch) return this.#reload(hello, buffer, workspaceFacts(opened))
    feed.startAt(seq)
    this.#respond(hello, { ...workspaceFacts(opened), seq: catchUp.seq, resumed: true })
    for (const frames of missedFrames(catchUp)) {
      const turn = turns.pause(workspace)
      if (turn !== undefined) await turn
      if (!feed.isHeldBy(buffer) || session.isOver) return
      feed.send(frames, settings())
    }
    // The pushes that were not held are missing: the client has to resume again.
    if (buffer.isTooMuch) overflow()
    else feed.release(buffer, catchUp.seq, settings())
  }

  #reload(hello: HelloRequest, buffer: ResumeBuffer, facts: Partial<HelloResponse> & { seq: number }): void {
    const { feed, settings } = this.#parts
    this.#startAt(hello, { ...facts, resumed: false })
    feed.release(buffer, facts.seq, settings())
  }

  async #readMissed(
    epoch: string,
    request: CatchUpRequest,
    { pipeline, caller }: Opened,
  ): Promise<CatchUp | undefined> {
    // The client may have gone while it waited for its turn.
    if (epoch !== pipeline.epoch || this.#parts.session.isOver) return undefined
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
  const { epoch, methods, model, lastSeq } = pipeline
  const { instance } = methods
  return { protocol: 2, epoch, instance, seq: lastSeq(), modelHash: model.hash, features, ...account }
}

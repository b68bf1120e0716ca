import { once } from 'node:events'
import { Unpackr } from 'msgpackr'
import { WebSocket } from 'ws'

/** A received frame, decoded. */
export interface Frame {
  id?: number | string
  result?: unknown
  error?: { severity: string; code: string; params: Record<string, unknown> }
  chunk?: { index: number; final: boolean }
  [field: string]: unknown
}

const unpackr = new Unpackr({ structuredClone: true, bundleStrings: true })

/**
 * A client that implements exactly sections 1 to 8 of the protocol, with its own code: it accepts what existing clients
 * accept.
 */
export class RawClient {
  readonly socket: WebSocket
  readonly frames: Frame[] = []
  readonly kinds: ('text' | 'binary')[] = []
  closed: { code: number; reason: string } | undefined
  /** Tests use smaller ids for their own frames. */
  #lastId = 1_000_000
  readonly #waiting: { matches: (frame: Frame) => boolean; resolve: (frame: Frame) => void }[] = []

  constructor(
    url: string,
    token: string,
    options: {
      sessionId?: string
      headers?: Record<string, string>
      protocols?: string[]
      origin?: string
    } = {},
  ) {
    const { sessionId, protocols = [], ...rest } = options
    const query = sessionId === undefined ? '' : `?sessionId=${sessionId}`
    this.socket = new WebSocket(`${url}/${token}${query}`, protocols, { ...rest, maxPayload: 0 })
    this.socket.on('message', (data: Buffer, isBinary) => {
      this.kinds.push(isBinary ? 'binary' : 'text')
      this.#received((isBinary ? unpackr.unpack(data) : JSON.parse(data.toString())) as Frame)
    })
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    this.socket.on('error', () => undefined)
  }

  /** Connects and sends hello. */
  static async open(
    url: string,
    token: string,
    hello: object = {},
    options: ConstructorParameters<typeof RawClient>[2] = {},
  ): Promise<RawClient> {
    const client = new RawClient(url, token, options)
    await once(client.socket, 'open')
    client.send({ method: 'hello', params: [], id: -1, ...hello })
    await client.wait((frame) => frame.id === -1 && frame.result === 'hello')
    return client
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame))
  }

  /** The first matching frame of the received and later ones. */
  async wait(matches: (frame: Frame) => boolean, timeout = 10_000): Promise<Frame> {
    const there = this.frames.find(matches)
    if (there !== undefined) return there
    return await new Promise<Frame>((resolve, reject) => {
      const timer = setTimeout(() => {
        const seen = JSON.stringify(this.frames).slice(0, 2000)
        reject(new Error(`no such frame came; closed ${JSON.stringify(this.closed)}; frames: ${seen}`))
      }, timeout)
      this.#waiting.push({
        matches,
        resolve: (frame) => {
          clearTimeout(timer)
          resolve(frame)
        },
      })
    })
  }

  /** The result; chunks are combined like in an old client. */
  async request(method: string, params: unknown[] = []): Promise<unknown> {
    const frame = await this.ask(method, params)
    if (frame.error !== undefined) throw new RawError(frame.error)
    return frame.result
  }

  /** The response frame, with a result or an error. */
  async ask(method: string, params: unknown[] = []): Promise<Frame> {
    this.#lastId += 1
    const id = this.#lastId
    this.send({ id, method, params })
    const last = await this.wait((frame) => frame.id === id && frame.chunk?.final !== false)
    if (last.chunk === undefined) return { ...last, result: plain(last.result) }
    const parts = this.frames.filter((frame) => frame.id === id)
    parts.sort((a, b) => (a.chunk?.index ?? 0) - (b.chunk?.index ?? 0))
    const docs = parts.flatMap((part) => plain(part.result) as unknown[])
    return {
      ...last,
      result: Object.assign(docs, { total: (plain(last.result) as { total?: number }).total }),
    }
  }

  /** Transactions pushed so far. */
  get pushes(): Record<string, unknown>[] {
    return this.frames
      .filter(({ id }) => id === undefined)
      .flatMap(({ result }) => result as Record<string, unknown>[])
  }

  async waitForPush(matches: (tx: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    const found = (frame: Frame): Record<string, unknown> | undefined =>
      frame.id === undefined
        ? ([frame.result].flat().find((tx) => matches(tx as Record<string, unknown>)) as never)
        : undefined
    return found(await this.wait((frame) => found(frame) !== undefined)) ?? {}
  }

  async waitForClose(timeout = 10_000): Promise<{ code: number; reason: string }> {
    if (this.closed !== undefined) return this.closed
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the socket was not closed')), timeout)
      this.socket.once('close', (code, reason) => {
        clearTimeout(timer)
        resolve({ code, reason: reason.toString() })
      })
    })
  }

  async close(): Promise<void> {
    this.socket.close()
    await this.waitForClose()
  }

  #received(frame: Frame): void {
    this.frames.push(frame)
    const matching = this.#waiting.filter((waiting) => waiting.matches(frame))
    for (const waiting of matching) {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
      waiting.resolve(frame)
    }
  }
}

export class RawError extends Error {
  readonly status: NonNullable<Frame['error']>

  constructor(status: NonNullable<Frame['error']>) {
    super(`${status.code} ${JSON.stringify(status.params)}`)
    this.status = status
  }

  get code(): string {
    return this.status.code
  }
}

function plain(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('dataType' in result)) return result
  const { value, total } = result as unknown as { value: unknown[]; total: number }
  return Object.assign(value, { total })
}

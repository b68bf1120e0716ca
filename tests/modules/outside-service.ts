import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestEnd } from '../support/on-test-end.ts'

interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** A service that modules call. It ends with the test. */
export class OutsideService {
  /** The bodies of all calls, in the order in which they came. */
  readonly calls: string[] = []
  /** The idempotency keys of the same calls. */
  readonly keys: string[] = []
  /** Calls get no response until it is set again. */
  isHolding = false
  /** The response to the body of a call: 200 if undefined. */
  answer: (body: string) => Answer | undefined = () => undefined
  readonly #held: ServerResponse[] = []
  readonly #server = createServer((request, response) => {
    void text(request).then((body) => {
      this.calls.push(body)
      this.keys.push(String(request.headers['idempotency-key']))
      if (this.isHolding) {
        this.#held.push(response)
        return
      }
      const answer = this.answer(body) ?? { status: 200 }
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
  })

  static async start(): Promise<OutsideService> {
    const service = new OutsideService()
    service.#server.listen(0, '127.0.0.1')
    await once(service.#server, 'listening')
    onTestEnd(() => {
      service.#server.closeAllConnections()
      service.#server.close()
    })
    return service
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** Responds to all calls, also to those to come. */
  release(): void {
    this.isHolding = false
    for (const response of this.#held.splice(0)) response.end()
  }
}

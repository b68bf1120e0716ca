import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { waitUntil } from './wait-until.ts'
import { onTestEnd } from './on-test-end.ts'

export interface ScriptedAccounts {
  url: string
  /** Connections are cut without a response. */
  down: boolean
  requests: { method: string; params: unknown[]; token: string }[]
  /** Delays responses until the result is called. */
  hold: () => () => void
  asked: (count: number) => Promise<void>
}

/** A remote accounts service with responses of the test’s choice. */
export async function scriptedAccounts(answer: (token: string) => object): Promise<ScriptedAccounts> {
  let gate: Promise<void> = Promise.resolve()
  const accounts: ScriptedAccounts = {
    url: '',
    down: false,
    requests: [],
    hold: () => {
      let release = (): void => undefined
      gate = new Promise((resolve) => (release = resolve))
      return release
    },
    asked: async (count) => await waitUntil(() => accounts.requests.length >= count, `${count} questions`),
  }
  const server = createServer((request, response) => {
    void (async () => {
      if (accounts.down) {
        request.socket.destroy()
        return
      }
      const body = JSON.parse(await bodyOf(request)) as { method: string; params: unknown[] }
      const token = (request.headers.authorization ?? '').replace('Bearer ', '')
      accounts.requests.push({ ...body, token })
      await gate
      response.end(JSON.stringify(answer(token)))
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  accounts.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  onTestEnd(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return accounts
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

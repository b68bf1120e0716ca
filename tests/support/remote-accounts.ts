import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestEnd } from './on-test-end.ts'

/** A call to the accounts service, which the test answers. */
export interface AccountsCall {
  token: string
  method: string
  params: unknown[]
  answer: (body: unknown, status?: number) => void
  /** Ends the connection without a response. */
  fail: () => void
}

export interface RemoteAccounts {
  url: string
  readonly calls: AccountsCall[]
  /** The call with this number, from 0, once it has arrived. */
  call: (at: number) => Promise<AccountsCall>
}

/** A remote accounts service on a free port of 127.0.0.1, which ends with the test. */
export async function remoteAccounts(
  onCall: (call: AccountsCall) => void = () => undefined,
): Promise<RemoteAccounts> {
  const calls: AccountsCall[] = []
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => {
    void callOf(request, response).then((call) => {
      calls.push(call)
      onCall(call)
      for (const resolve of waiting.splice(0)) resolve()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestEnd(() => {
    server.close()
    server.closeAllConnections()
  })
  const call = async (at: number): Promise<AccountsCall> => {
    for (;;) {
      const there = calls[at]
      if (there !== undefined) return there
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, calls, call }
}

export function workspaceInfo(workspaceId = 'w1', fields: object = {}): object {
  return { result: { workspaceId, workspaceUrl: workspaceId, workspaceName: workspaceId, ...fields } }
}

async function callOf(request: IncomingMessage, response: ServerResponse): Promise<AccountsCall> {
  const { method, params } = JSON.parse(await text(request)) as Pick<AccountsCall, 'method' | 'params'>
  return {
    token: (request.headers.authorization ?? '').replace('Bearer ', ''),
    method,
    params,
    answer: (body, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    },
    fail: () => request.socket.destroy(),
  }
}

import { Packr } from 'msgpackr'
import { type Client, createClient } from '../../client/client.ts'
import { dialNode } from '../../client/node.ts'
import type { Class, Doc, Ref } from '../../model/documents.ts'
import { type Frame, RawClient } from '../support/raw-client.ts'
import type { TestServer } from '../support/test-server.ts'
import { change } from '../support/transactions.ts'
import { onTestEnd } from '../support/on-test-end.ts'

export const oddClass = 'test:class:Odd' as Ref<Class>
export const space = 'board:project:test'

/** A writer and reader in one of the encodings. */
export interface Speaker {
  name: string
  /** Creates a document with this `value`. Rejects with an error that has a status. */
  create: (id: string, value: unknown) => Promise<unknown>
  /** Documents with that value, or the code of the refusal. */
  find: (query: object) => Promise<Doc[] | string>
}

const packr = new Packr({ structuredClone: true, bundleStrings: true })
let lastId = 0

/** The SDK and a plain client, in JSON and msgpack. */
export async function speakers(
  { url, token }: TestServer,
  workspace = 'w1',
): Promise<{ all: Speaker[]; sdk: Client[] }> {
  const sdk = [false, true].map((binary) =>
    createClient({ url, getToken: () => token('ann', workspace), dial: dialNode, binary }),
  )
  onTestEnd(() => {
    for (const client of sdk) client.terminate()
  })
  await Promise.all(sdk.map((client) => client.ready()))
  const raw = await RawClient.open(url, token('ann', workspace))
  const [json, packed] = sdk as [Client, Client]
  const all = [
    sdkSpeaker('SDK in JSON', json),
    sdkSpeaker('SDK packed', packed),
    rawSpeaker('JSON', raw, (frame) => JSON.stringify(frame)),
    rawSpeaker('packed', raw, (frame) => packr.pack(frame)),
  ]
  return { all, sdk }
}

function sdkSpeaker(name: string, client: Client): Speaker {
  return {
    name,
    create: (id, value) =>
      client.createDoc(oddClass as never, space as never, { value }, id as never).then(() => undefined),
    find: async (query) => await client.findAll(oddClass, query as never).then((found) => [...found], codeOf),
  }
}

/** A client that does not validate the values that it sends. */
function rawSpeaker(
  name: string,
  client: RawClient,
  encode: (frame: object) => string | Uint8Array,
): Speaker {
  const ask = async (method: string, params: unknown[]): Promise<Frame> => {
    const id = `${name} ${(lastId += 1)}`
    client.send(encode({ id, method, params }))
    return await client.wait((frame) => frame.id === id, 20_000)
  }
  return {
    name,
    create: async (id, value) => {
      const { error } = await ask('tx', [creation(id, value)])
      if (error !== undefined) throw Object.assign(new Error(error.code), { status: error })
    },
    find: async (query) => {
      const { error, result } = await ask('findAll', [oddClass, query])
      return error === undefined ? (result as { value: Doc[] }).value : error.code
    },
  }
}

export function creation(id: string, value: unknown): object {
  return change('core:class:TxCreateDoc', id, oddClass, {}, { attributes: { value } })
}

export function codeOf(error: unknown): string {
  const { status } = error as { status?: { code: string } }
  if (status === undefined) throw error
  return status.code
}

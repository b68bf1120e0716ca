import { describe, expect, test } from '@jest/globals'
import { Packr } from 'msgpackr'
import type { Client } from '../../client/client.ts'
import { type StatusCode, StatusError } from '../../model/status.ts'
import { assertCoded } from '../support/bystander.ts'
import { type Frame, RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { HIGH, refusedValues } from './odd-values.ts'
import { creation, oddClass, space, speakers } from './value-world.ts'
import { expectThat, satisfying } from '../support/expecting.ts'

const packr = new Packr({ structuredClone: true, bundleStrings: true })
const doc = { _id: 'd', _class: oddClass, space } as never

const refusal =
  (code: string, field: RegExp) =>
  (error: unknown): boolean => {
    expectThat(error instanceof StatusError, String(error))
    expect(error.status.code).toBe(code)
    expect(String(error.status.params['field'] ?? error.status.params['message'])).toMatch(field)
    return true
  }

/** The client has sent nothing since. */
async function unsent(client: Client, run: () => Promise<void>): Promise<void> {
  client.pause()
  try {
    await run()
    expect(client.connectionState().unanswered).toBe(0)
  } finally {
    client.resume()
  }
}

async function refusesChanges(client: Client, value: unknown): Promise<void> {
  const at = (path: string) => refusal('core:status:InvalidTransaction', new RegExp(`^${path}`))
  const create = (attributes: object) =>
    client.createDoc(oddClass as never, space as never, attributes as never)
  await expect(create({ list: [1, value] })).rejects.toThrow(satisfying(at('attributes\\.list\\.1')))
  await expect(client.updateDoc(doc, { list: [value] })).rejects.toThrow(
    satisfying(at('operations\\.list\\.0')),
  )
  await expect(client.updateDoc(doc, { $push: { list: { $each: [value] } } })).rejects.toThrow(
    satisfying(at('operations\\.\\$push\\.list\\.\\$each\\.0')),
  )
  await expect(client.updateMixin(doc, 'board:mixin:Estimated' as never, { hours: [value] })).rejects.toThrow(
    satisfying(at('attributes\\.hours\\.0')),
  )
  await expect(client.tx({ ...(creation('x', 1) as object), note: [value] } as never)).rejects.toThrow(
    satisfying(at('note\\.0')),
  )
  await expect(
    client.applyIf([], { match: [{ _class: oddClass, query: { list: [value] } }] }),
  ).rejects.toThrow(satisfying(at('match\\.0\\.query\\.list\\.0')))
}

async function refusesReads(client: Client, value: unknown): Promise<void> {
  const invalid = refusal('core:status:InvalidQuery', /^list\.\$in\.1/)
  const query = { list: { $in: [1, value] } } as never
  await expect(client.findAll(oddClass, query)).rejects.toThrow(satisfying(invalid))
  await expect(client.findOne(oddClass, query)).rejects.toThrow(satisfying(invalid))
  await expect(client.call('query', [oddClass, query])).rejects.toThrow(satisfying(invalid))
  const live = await new Promise((told) => {
    client.query(oddClass, query, {}, () => told('a result'), told)
  })
  expect(invalid(live)).toBe(true)
  const bad = refusal('platform:status:BadRequest', /^params\.0\.list\.0/)
  await expect(client.call('board.archiveDone', [{ list: [value] }])).rejects.toThrow(satisfying(bad))
}

describe('refused values', () => {
  test.each([...refusedValues])(
    'SDK-80: the client refuses %s before it sends it, with its path, in both encodings',
    async (_name, value) => {
      const server = await testServer()
      const { sdk } = await speakers(server)
      for (const client of sdk)
        await unsent(client, async () => {
          await refusesChanges(client, value)
          await refusesReads(client, value)
        })
    },
  )

  test('SDK-81: the client refuses operators without operands, and ids with half a surrogate pair, before it sends them', async () => {
    const { sdk } = await speakers(await testServer())
    for (const client of sdk)
      await unsent(client, async () => {
        for (const name of [
          '$in',
          '$nin',
          '$ne',
          '$gt',
          '$lte',
          '$like',
          '$regex',
          '$exists',
          '$size',
          '$all',
        ]) {
          const query = { value: { [name]: undefined } } as never
          await expect(client.findAll(oddClass, query)).rejects.toThrow(
            satisfying(refusal('core:status:InvalidQuery', /^value\.\$/)),
          )
          const live = await new Promise((told) => {
            client.query(oddClass, query, {}, () => told('a result'), told)
          })
          expect(refusal('core:status:InvalidQuery', /^value\.\$/)(live)).toBe(true)
          const pull = client.updateDoc(doc, { $pull: { list: { [name]: undefined } } })
          await expect(pull).rejects.toThrow(
            satisfying(refusal('core:status:InvalidTransaction', /^operations\.\$pull/)),
          )
          const match = client.applyIf([], { notMatch: [{ _class: oddClass, query }] })
          await expect(match).rejects.toThrow(
            satisfying(refusal('core:status:InvalidTransaction', /^notMatch\.0\.query/)),
          )
        }
        const search = client.findAll(oddClass, { $search: undefined } as never)
        await expect(search).rejects.toThrow(satisfying(refusal('core:status:InvalidQuery', /^\$search/)))
        for (const _id of [HIGH, { $in: [HIGH] }, { $ne: HIGH }])
          await expect(client.findAll(oddClass, { _id } as never)).rejects.toThrow(
            satisfying(refusal('core:status:InvalidQuery', /^_id/)),
          )
        const named = client.createDoc(oddClass as never, space as never, {}, `x${HIGH}` as never)
        await expect(named).rejects.toThrow(
          satisfying(refusal('core:status:InvalidTransaction', /^objectId/)),
        )
        const placed = client.createDoc(oddClass as never, HIGH as never, {})
        await expect(placed).rejects.toThrow(
          satisfying(refusal('core:status:InvalidTransaction', /^objectSpace/)),
        )
        const { txes } = { txes: [creation(HIGH, 1)] } as { txes: never[] }
        await expect(client.applyIf(txes)).rejects.toThrow(
          satisfying(refusal('core:status:InvalidTransaction', /^objectId/)),
        )
      })
  })

  /** Sends requests without validation. */
  async function asking() {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    let last = 0
    const ask = async (encode: (frame: object) => string | Uint8Array, method: string, params: unknown[]) => {
      const id = `q${(last += 1)}`
      client.send(encode({ id, method, params }))
      return await client.wait((frame: Frame) => frame.id === id)
    }
    const json = (frame: object) => JSON.stringify(frame)
    const packed = (frame: object) => packr.pack(frame)
    return { ask, json, packed, client }
  }

  test('WIRE-221: the server refuses in msgpack frames what the client refuses', async () => {
    const { ask, packed } = await asking()
    for (const [name, value] of refusedValues) {
      // msgpackr leaves these out, turns them into plain objects or one key, or throws.
      if (/function|symbol|instance|boxed|promise|two keys/.test(name)) continue
      const tx = await ask(packed, 'tx', [creation('x', [value])])
      assertCoded(tx, 'core:status:InvalidTransaction')
      assertCoded(await ask(packed, 'findAll', [oddClass, { value: [value] }]), 'core:status:InvalidQuery')
      const call = await ask(packed, 'searchFulltext', [{ query: 'x', classes: value }])
      if (value !== undefined) assertCoded(call, 'platform:status:BadRequest')
    }
    for (const name of ['$in', '$ne', '$gt', '$nin', '$exists', '$regex', '$size'])
      for (const operand of [undefined, ...(name === '$gt' || name === '$in' ? [null, [undefined]] : [])])
        assertCoded(
          await ask(packed, 'findAll', [oddClass, { value: { [name]: operand } }]),
          'core:status:InvalidQuery',
        )
  })

  test('WIRE-221: the server refuses in JSON what JSON text can represent of it', async () => {
    const { ask, client, json } = await asking()
    const texts: [string, StatusCode][] = [
      ['1e400', 'core:status:InvalidTransaction'],
      [`1${'0'.repeat(400)}`, 'core:status:InvalidTransaction'],
      ['{"__proto__": {"a": 1}}', 'core:status:InvalidTransaction'],
      ['{"a": [{"__proto__": 1}]}', 'core:status:InvalidTransaction'],
      ['{"constructor": {"prototype": 1}}', 'core:status:InvalidTransaction'],
      ['{"\\ud800": 1, "\\ufffd": 2}', 'core:status:InvalidTransaction'],
      ['{"$in": [1e999]}', 'core:status:InvalidTransaction'],
    ]
    for (const [at, [text, code]] of texts.entries()) {
      const frame = JSON.stringify({ id: `t${at}`, method: 'tx', params: [creation('x', '@')] })
      client.send(frame.replace('"@"', text))
      assertCoded(await client.wait(({ id }) => id === `t${at}`), code)
    }
    for (const operators of [{ $gt: null }, { $in: null }, { $like: null }, { $regex: null }, { $lte: null }])
      assertCoded(await ask(json, 'findAll', [oddClass, { value: operators }]), 'core:status:InvalidQuery')
  })

  test('WIRE-222: numbers are doubles: a more precise number becomes the nearest double, in JSON too', async () => {
    const { ask, client, json } = await asking()
    const numbers = ['9007199254740993', `0.1${'0'.repeat(500)}1`, '1e-400', '-0', '-0.0', '8640000000000001']
    for (const [at, text] of numbers.entries()) {
      const frame = JSON.stringify({ id: `n${at}`, method: 'tx', params: [creation(`n${at}`, '@')] })
      client.send(frame.replace('"@"', text))
      await client.wait(({ id }) => id === `n${at}`)
    }
    const found = await ask(json, 'findAll', [oddClass, {}])
    const read = (found.result as { value: { _id: string; value: number }[] }).value
    const byId = new Map(read.map(({ _id, value }) => [_id, value]))
    const values = numbers.map((_, at) => byId.get(`n${at}`))
    expect(values).toStrictEqual([2 ** 53, 0.1, 0, 0, 0, 8_640_000_000_000_001])
  })

  test('WIRE-223: an id with half a surrogate pair is refused in both encodings, and by a backup tool', async () => {
    const { ask, json, packed } = await asking()
    const tx = creation('x', 1) as Record<string, unknown>
    for (const encode of [json, packed]) {
      for (const name of ['_id', 'objectId', 'objectSpace', 'space'])
        assertCoded(
          await ask(encode, 'tx', [{ ...tx, [name]: `a${HIGH}` }]),
          'core:status:InvalidTransaction',
        )
      for (const _id of [HIGH, { $in: ['a', HIGH] }])
        assertCoded(await ask(encode, 'findAll', [oddClass, { _id }]), 'core:status:InvalidQuery')
    }
    const { url, token } = await testServer()
    const tool = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
    const upload = await tool.ask('upload', ['odd', [{ _id: HIGH, _class: oddClass }]])
    assertCoded(upload, 'platform:status:BadRequest')
    await tool.request('upload', ['odd', [{ _id: 'u', _class: oddClass, space, value: [HIGH, -0] }]])
    const [read] = (await tool.request('loadDocs', ['odd', ['u']])) as { value: unknown[] }[]
    expect(read?.value).toStrictEqual(['\ufffd', 0])
  })

  test('WIRE-224: a msgpack frame whose shared references expand beyond its size is refused at once', async () => {
    const { ask, packed } = await asking()
    let wide: unknown[] = [1]
    for (let level = 0; level < 50; level++) wide = [wide, wide]
    assertCoded(await ask(packed, 'tx', [creation('x', wide)]), 'platform:status:BadRequest')
    assertCoded(await ask(packed, 'findAll', [oddClass, { value: wide }]), 'platform:status:BadRequest')
    let deep: unknown = wide
    for (let level = 0; level < 80; level++) deep = [deep]
    for (const hidden of [deep, [HIGH, deep], { [HIGH]: deep }])
      assertCoded(await ask(packed, 'tx', [creation('x', hidden)]), 'platform:status:BadRequest')
    // A value that is used twice is counted once.
    const shared = { a: [1, 2, 3] }
    expect((await ask(packed, 'tx', [creation('x', [shared, shared])])).result).toStrictEqual({})
  })

  test('WIRE-229: a document of 64 levels can be queried by its value, and restored with its log', async () => {
    const { url, token } = await testServer()
    const ann = await RawClient.open(url, token('ann', 'w1'))
    let value: unknown = 1
    for (let level = 1; level < 64; level++) value = level % 2 === 0 ? { a: value } : [value]
    await ann.request('tx', [creation('deep', value)])
    const found = (await ann.request('findAll', [oddClass, { value: { $in: [value] } }])) as { _id: string }[]
    expect(found.map(({ _id }) => _id)).toStrictEqual(['deep'])
    const tool = await RawClient.open(url, token('tool', 'w1', { mode: 'backup' }))
    const other = await RawClient.open(url, token('tool', 'w2', { mode: 'backup' }))
    for (const domain of ['tx', 'odd']) {
      const { docs } = (await tool.request('loadChunk', [domain])) as { docs: { id: string }[] }
      const loaded = await tool.request('loadDocs', [domain, docs.map(({ id }) => id)])
      await other.request('upload', [domain, loaded])
    }
    expect(await other.request('loadDocs', ['odd', ['deep']])).toStrictEqual(
      await tool.request('loadDocs', ['odd', ['deep']]),
    )
  })
})

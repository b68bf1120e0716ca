import { expect, test } from '@jest/globals'
import { inEachSetting, Member } from '../authority/members.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { comment, createTask, updateTask } from '../support/transactions.ts'
import { expectFor } from '../support/expecting.ts'

const domains = ['task', 'comment', 'space', 'tx']
const HASH = '%hash%'

type Stored = Record<string, unknown> & { _id: string }
/** Hashes of a domain’s documents by their ids. */
type Digest = Map<string, string>

async function tool({ url, token }: TestServer, workspace: string, binary: boolean): Promise<RawClient> {
  const claims = { mode: 'backup', model: 'upgrade' } as const
  return await RawClient.open(url, token('tool', workspace, claims), { binary })
}

async function digestOf(client: RawClient, domain: string): Promise<Digest> {
  const digest: Digest = new Map()
  for (let idx: number | undefined, finished = false; !finished;) {
    const chunk = (await client.request('loadChunk', [domain, idx])) as {
      idx: number
      docs: { id: string; hash: string }[]
      finished: boolean
    }
    for (const { id, hash } of chunk.docs) digest.set(id, hash)
    ;({ idx, finished } = chunk)
    if (finished) await client.request('closeChunk', [idx])
  }
  return digest
}

/** The documents that an incremental backup transfers: those that are not in the digest with this hash. */
async function transferred(client: RawClient, domain: string, known: Digest): Promise<string[]> {
  const now = await digestOf(client, domain)
  const gone = [...known.keys()].filter((id) => !now.has(id))
  return [...gone, ...[...now].filter(([id, hash]) => known.get(id) !== hash).map(([id]) => id)]
}

await inEachSetting(({ name, encoding, flags }) => {
  test(`WIRE-211: an incremental backup after a restore transfers nothing, and %hash% is not stored, ${name}`, async () => {
    const server = await testServer(flags())
    const binary = encoding === 'packed'
    const ann = await Member.enter(server, 'ann', encoding)
    for (const id of ['t1', 't2', 't3'])
      await ann.does(createTask(id, { title: id, labels: ['ä', '\u{1f600}'], votes: 1.5 }))
    await ann.does(comment('t1', 'c1'))
    await ann.does(updateTask('t2', { $push: { labels: 'x' }, status: 'done' }))
    await ann.client.close()
    const source = await tool(server, 'w1', binary)
    const target = await tool(server, 'w2', binary)
    const digests = new Map<string, Digest>()
    for (const domain of domains) {
      const digest = await digestOf(source, domain)
      digests.set(domain, digest)
      const docs = (await source.request('loadDocs', [domain, [...digest.keys()]])) as Stored[]
      expect(docs).toHaveLength(digest.size)
      // Like the restore of existing tools.
      const marked = docs.map((doc) => ({ ...doc, [HASH]: digest.get(doc._id) }))
      await target.request('upload', [domain, marked])
    }
    expect((digests.get('task')?.size ?? 0) === 3 && (digests.get('tx')?.size ?? 0) > 4).toBe(true)
    const check = async (client: RawClient) => {
      for (const domain of domains) {
        const known = digests.get(domain) ?? new Map<string, string>()
        expectFor(domain, await transferred(client, domain, known)).toStrictEqual([])
        const docs = (await client.request('loadDocs', [domain, [...known.keys()]])) as Stored[]
        expectFor(
          domain,
          docs.every((doc) => !(HASH in doc)),
        ).toBe(true)
      }
    }
    await check(target)
    await target.close()
    // The log has a new epoch after this.
    const again = await tool(server, 'w2', binary)
    await check(again)
    // Again over existing documents, with wrong hashes or none.
    const [task] = (await again.request('loadDocs', ['task', ['t1']])) as Stored[]
    for (const hash of ['0', '', null, { a: 1 }])
      await again.request('upload', ['task', [{ ...task, [HASH]: hash }]])
    await check(again)
    await again.close()
    const back = await Member.enter(server, 'ann', encoding, 'w2')
    const found = await back.find('board:class:Task', {})
    expect(found.map(({ _id }) => _id).sort()).toStrictEqual(['t1', 't2', 't3'])
    expect(found.every((doc) => !(HASH in doc))).toBe(true)
    expect([...(await back.find('board:class:Task', { [HASH]: { $exists: true } }))]).toStrictEqual([])
  })
})

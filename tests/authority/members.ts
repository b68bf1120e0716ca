import { test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { Packr } from 'msgpackr'
import { dropDatabases } from '../../storage/testing/mongodb-test-storage.ts'
import type { Flags } from '../../server/configuration/configuration.ts'
import { withMongo } from '../services/with-mongo.ts'
import { RawClient, RawError } from '../support/raw-client.ts'
import { testServer, type TestServer } from '../support/test-server.ts'
import { change, type ChangeOptions, createTask } from '../support/transactions.ts'
import { onTestEnd } from '../support/on-test-end.ts'

export type Encoding = 'json' | 'packed'

const packr = new Packr({ structuredClone: true, bundleStrings: true })

/** A member of the workspace, over a socket of its own. */
export class Member {
  readonly name: string
  readonly client: RawClient

  private constructor(name: string, client: RawClient, encoding: Encoding) {
    this.name = name
    this.client = client
    if (encoding === 'json') return
    const send = client.send.bind(client)
    client.send = (frame) => send(packr.pack(frame))
  }

  static async enter(
    server: Pick<TestServer, 'url' | 'token'>,
    name: string,
    encoding: Encoding,
    workspace = 'w1',
  ): Promise<Member> {
    const claims = name === 'root' ? { admin: 'true' as const } : {}
    const hello = encoding === 'json' ? {} : { binary: true, protocol: 2 }
    const client = await RawClient.open(server.url, server.token(name, workspace, claims), hello)
    return new Member(name, client, encoding)
  }

  get account(): string {
    return `account:${this.name}`
  }

  /** The code of the refusal, or the result. */
  async tries(tx: object): Promise<unknown> {
    try {
      return await this.client.request('tx', [this.#signed(tx)])
    } catch (error) {
      if (error instanceof RawError) return error.code
      throw error
    }
  }

  /** @throws RawError */
  async does(tx: object): Promise<unknown> {
    return await this.client.request('tx', [this.#signed(tx)])
  }

  async find<T = Record<string, unknown>>(
    _class: string,
    query: object = {},
  ): Promise<(T & { _id: string })[]> {
    return (await this.client.request('findAll', [_class, query])) as (T & { _id: string })[]
  }

  async ids(_class: string, query: object = {}): Promise<string[]> {
    return (await this.find(_class, query)).map(({ _id }) => _id).sort()
  }

  async search(query: string): Promise<string[]> {
    const { docs } = (await this.client.request('searchFulltext', [{ query }])) as { docs: { id: string }[] }
    return docs.map(({ id }) => id).sort()
  }

  #signed(tx: object): object {
    const signed = { ...tx, modifiedBy: this.account } as { tx?: object; txes?: object[] }
    if (signed.tx !== undefined) signed.tx = this.#signed(signed.tx)
    if (signed.txes !== undefined) signed.txes = signed.txes.map((each) => this.#signed(each))
    return signed
  }
}

export interface World {
  server: TestServer
  /** An administrator of the server, who sees everything. */
  root: Member
  /** OWNER */
  olga: Member
  /** MAINTAINER */
  max: Member
  /** USER, who owns the space `pub` and the private space `own`. */
  ann: Member
  /** USER */
  bob: Member
  /** GUEST */
  gus: Member
}

const roles = { olga: 'OWNER', max: 'MAINTAINER', gus: 'GUEST' } as const

/** A workspace with a person of each role, a public space with a task, and a private one with another. */
export async function peopledWorld(
  encoding: Encoding,
  flags: Flags = {},
  options: { fakeTime?: boolean } = {},
): Promise<World> {
  const server = await testServer(flags, options)
  const enter = async (name: string) => await Member.enter(server, name, encoding)
  const root = await enter('root')
  for (const [name, role] of Object.entries(roles)) {
    await (await enter(name)).client.close()
    await root.does(update(`account:${name}`, 'core:class:Account', { role }, 'core:space:Model'))
  }
  const [olga, max, ann, bob, gus] = await Promise.all(['olga', 'max', 'ann', 'bob', 'gus'].map(enter))
  const world = { server, root, olga, max, ann, bob, gus } as World
  await world.ann.does(space('pub', false, ['account:ann', 'account:bob']))
  await world.ann.does(space('own', true, ['account:ann']))
  await world.ann.does(createTask('shown', { title: 'a public word' }, { space: 'pub' }))
  await world.ann.does(createTask('hidden', { title: 'a secret word' }, { space: 'own' }))
  await world.ann.does(attach('hidden', 'remark', { space: 'own' }))
  return world
}

interface Setting {
  /** Storage and encoding, for titles. */
  name: string
  encoding: Encoding
  /** The storage of a separate server. */
  flags: () => Flags
}

/** Runs with each storage and each encoding; with MongoDB where there is a server. */
export async function inEachSetting(describe: (setting: Setting) => void): Promise<void> {
  const each = (storage: string, flags: Setting['flags']) => {
    for (const encoding of ['json', 'packed'] as const)
      describe({ name: `${storage}, ${encoding}`, encoding, flags })
  }
  each('memory', () => ({ storage: 'memory' }))
  each('embedded', () => ({ storage: 'embedded' }))
  await withMongo(({ url: mongoUrl }) => {
    each('mongodb', () => {
      const mongoPrefix = `authority-${randomBytes(4).toString('hex')}-`
      onTestEnd(() => dropDatabases(mongoUrl, mongoPrefix))
      return { storage: 'mongodb', mongoUrl, mongoPrefix }
    })
  })
}

export type Scenario = (world: World) => Promise<void>

/** Tests each scenario, by its title, in a separate world for each setting. */
export async function describeScenarios(scenarios: Readonly<Record<string, Scenario>>): Promise<void> {
  await inEachSetting(({ name, encoding, flags }) => {
    for (const [title, scenario] of Object.entries(scenarios))
      test(`${title} (${name})`, async () => {
        await scenario(await peopledWorld(encoding, flags()))
      })
  })
}

export function create(id: string, _class: string, attributes: object, options: ChangeOptions = {}): object {
  return change('core:class:TxCreateDoc', id, _class, options, { attributes })
}

export function update(id: string, _class: string, operations: object, spaceId = 'core:space:Space'): object {
  return change('core:class:TxUpdateDoc', id, _class, { space: spaceId }, { operations })
}

export function remove(id: string, _class: string, options: ChangeOptions = {}, fields: object = {}): object {
  return change('core:class:TxRemoveDoc', id, _class, options, fields)
}

export function space(id: string, isPrivate: boolean, members: string[]): object {
  const attributes = { name: id, description: '', private: isPrivate, members, archived: false }
  return create(id, 'core:class:Space', attributes, { space: 'core:space:Space' })
}

/** A comment on a task. */
export function attach(task: string, id: string, options: ChangeOptions, collection = 'comments'): object {
  const tx = create(id, 'board:class:Comment', { message: `a remark ${id}` }, options)
  return change('core:class:TxCollectionCUD', task, 'board:class:Task', options, { collection, tx })
}

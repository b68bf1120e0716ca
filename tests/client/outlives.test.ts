import { describe, expect, test } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttachedDoc, Class, Ref, Space } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'
import type { Tx } from '../../model/transactions.ts'
import type { Client } from '../../client/client.ts'
import { Connection, ConnectionClosedError } from '../../client/connection/connection.ts'
import { ClientError } from '../../client/runtime/errors.ts'
import { fileStore } from '../../client/node.ts'
import { type ClientStore, MemoryStore } from '../../client/store/client-store.ts'
import type { WebSocketLike } from '../../client/runtime/web-socket.ts'
import { StatusError } from '../../model/status.ts'
import { type AccountsClient, trustingAccounts } from '../../server/accounts/accounts-client.ts'
import { board } from '../../examples/board/model.ts'
import { temporaryFolder } from '../support/executable.ts'
import { root } from '../support/root.ts'
import { createTask } from '../support/transactions.ts'
import { ClientWorld, type Member } from './client-world.ts'
import { onTestEnd } from '../support/on-test-end.ts'
import { expectFor, satisfying } from '../support/expecting.ts'

const space = 'p' as Ref<Space>
const place = { _id: 't1' as Ref, _class: 'board:class:Task' as Ref<Class>, space }
const attached = {
  ...place,
  attachedTo: 't2' as Ref,
  attachedToClass: 'board:class:Task' as Ref<Class>,
  collection: 'comments',
} as unknown as AttachedDoc

type Options = { timeout?: number; signal?: AbortSignal } | undefined

/** Every call of a client that returns a promise. */
const calls: Record<string, (client: Client, options: Options) => Promise<unknown>> = {
  ready: (client, options) => client.ready(options),
  findAll: (client, options) => client.findAll(board.class.Task, {}, {}, options),
  findOne: (client, options) => client.findOne(board.class.Task, {}, {}, options),
  search: (client, options) => client.search('x', {}, options),
  createDoc: (client, options) =>
    client.createDoc(board.class.Task, space, { title: 'x' }, undefined, options),
  updateDoc: (client, options) => client.updateDoc(place, { title: 'y' }, options),
  removeDoc: (client, options) => client.removeDoc(place, options),
  updateMixin: (client, options) =>
    client.updateMixin(place, board.mixin.Estimated as Ref<Class>, { hours: 1 }, options),
  addCollection: (client, options) =>
    client.addCollection(place, 'comments', board.class.Comment, { message: 'x' }, undefined, options),
  updateCollection: (client, options) => client.updateCollection(attached, { message: 'y' }, options),
  removeCollection: (client, options) => client.removeCollection(attached, options),
  applyIf: (client, options) => client.applyIf([], {}, options),
  transactions: (client, options) => client.transactions(options),
  tx: (client, options) => client.tx(createTask('t9', { title: 'x' }) as Tx, options),
  call: (client, options) => client.call('getAccount', [], options),
  measure: (client, options) => client.measure('x', options),
}

/** The members of a class in the API report that return a promise, or are one. */
async function promisesOf(name: string): Promise<string[]> {
  const report = await readFile(join(root, 'client', 'api-report.md'), 'utf8')
  const declared = new RegExp(`export declare class ${name} [^]*?\\n\\}\\n`).exec(report)?.[0] ?? ''
  const members = declared.split(/;\n(?= {4}\w)/).map((member) => member.trim().replace(/\s+/g, ' '))
  return members
    .filter((member) => /(?:\)|readonly \w+): Promise</.test(member))
    .map((member) => /^(?:export [^{]*\{ )?(?:static |readonly )?(\w+)/.exec(member)?.[1] ?? member)
    .sort()
}

const hangs = () => new Promise<never>(() => undefined)
const silentStore: ClientStore = { get: hangs, set: hangs, delete: hangs, entries: hangs }

/** The states of a client at the time of the call, and the events that end it. */
const states: Record<string, (made: ClientWorld) => Promise<Member>> = {
  'that never connected': async (made) => {
    made.isDown = true
    return await Promise.resolve(made.join('ann'))
  },
  'whose getToken never responds': async (made) =>
    await Promise.resolve(made.join('ann', false, { getToken: hangs })),
  'whose store never responds': async (made) => {
    made.isDown = true
    return await Promise.resolve(made.join('ann', false, { store: silentStore }))
  },
  'that is ready, and whose connection is silent': async (made) => {
    const ann = made.join('ann', true)
    await made.calm()
    ann.line.isDark = () => true
    return ann
  },
  'that is paused': async (made) => {
    const ann = made.join('ann', true)
    await made.calm()
    ann.client.pause()
    return ann
  },
  'that was stopped before it loaded anything': async (made) => {
    const ann = made.join('ann')
    ann.client.stop()
    await made.pass(5)
    return ann
  },
  'that is offline': async (made) =>
    await Promise.resolve(
      made.join('ann', false, { network: { isOnline: () => false, subscribe: () => () => undefined } }),
    ),
}

/** The event that ends the waiting. */
const ends: Record<string, (made: ClientWorld, member: Member, abort: () => void) => Promise<void>> = {
  'the end of the client': async (made, { client }) => {
    client.terminate()
    await made.pass(0)
  },
  'its time': async (made) => {
    // A store has five seconds to respond, and a change that was given up has to be removed from it.
    for (let second = 0; second < 12; second++) await made.pass(1000)
  },
  'its signal': async (made, _member, abort) => {
    abort()
    for (let second = 0; second < 12; second++) await made.pass(1000)
  },
}

describe('promises of the client', () => {
  test('SDK-38: the scan of the API report is complete', async () => {
    expect(await promisesOf('Client')).toStrictEqual(Object.keys(calls).sort())
    expect(await promisesOf('Connection')).toStrictEqual([
      'closed',
      'exchange',
      'findAll',
      'getAccount',
      'hello',
      'open',
      'request',
      'tx',
    ])
    expect(await promisesOf('FileStore')).toStrictEqual(['close', 'delete', 'entries', 'get', 'set'])
    expect(await promisesOf('MemoryStore')).toStrictEqual(['delete', 'entries', 'get', 'set'])
  })

  async function world(accounts?: AccountsClient): Promise<ClientWorld> {
    const made = new ClientWorld(11, accounts)
    onTestEnd(async () => {
      made.isDown = false
      await made.end()
      // A timer is left.
      expect(made.time.waiting).toBe(0)
    })
    return await Promise.resolve(made)
  }

  for (const [state, begin] of Object.entries(states))
    for (const [end, finish] of Object.entries(ends))
      test(`SDK-38: no call of a client ${state} outlives ${end}`, async () => {
        const made = await world()
        const member = await begin(made)
        const controllers: AbortController[] = []
        const optionsOf = (): Options => {
          if (end === 'its time') return { timeout: 3000 }
          if (end !== 'its signal') return undefined
          const controller = new AbortController()
          controllers.push(controller)
          return { signal: controller.signal }
        }
        const outcomes = new Map<string, unknown>()
        for (const [name, call] of Object.entries(calls)) {
          outcomes.set(name, 'unsettled')
          call(member.client, optionsOf()).then(
            () => outcomes.set(name, 'answered'),
            (error: unknown) => outcomes.set(name, error),
          )
        }
        await made.pass(10)
        await finish(made, member, () => {
          for (const each of controllers) each.abort(new ClientError('timeout', 'aborted'))
        })
        for (const [name, outcome] of outcomes) {
          const isFine = outcome === 'answered' || outcome instanceof ClientError
          expectFor(`${name}: ${String(outcome)}`, isFine).toBe(true)
        }
        expect(
          [...outcomes.values()].filter((outcome) => outcome instanceof ClientError).length,
        ).toBeGreaterThanOrEqual(10)
        // After its end no timer is started either.
        member.client.terminate()
        for (const [name, call] of Object.entries(calls)) {
          const isKnown = ['ready', 'transactions'].includes(name)
          const late = call(member.client, undefined).then(
            () => expectFor(`${name} was answered`, isKnown).toBe(true),
            (error: unknown) => expectFor(`${name}: ${String(error)}`, error).toBeInstanceOf(ClientError),
          )
          await late
        }
        const failures: unknown[] = []
        member.client.query(
          board.class.Task,
          {},
          {},
          () => undefined,
          (error) => failures.push(error),
        )
        expect((failures[0] as ClientError).code).toBe('terminated')
      })

  test('SDK-38: no call outlives a permanent refusal, and none begins until the client is restarted', async () => {
    let isMember = false
    const getWorkspaceInfo: AccountsClient['getWorkspaceInfo'] = async (token) => {
      if (isMember) return await trustingAccounts.getWorkspaceInfo(token)
      throw new StatusError('platform:status:Forbidden')
    }
    const made = await world({ ...trustingAccounts, getWorkspaceInfo })
    made.isDown = true
    const { client } = made.join('ann')
    const begin = () =>
      Object.entries(calls).map(([name, call]) => {
        const outcome = { name, error: undefined as unknown }
        call(client, undefined).catch((error: unknown) => (outcome.error = error))
        return outcome
      })
    const waiting = begin()
    await made.pass(2000)
    expect(waiting.every(({ error }) => error === undefined)).toBe(true)
    made.isDown = false
    await made.pass(5000)
    expect(client.connectionState().phase).toBe('stopped')
    const late = begin()
    await made.pass(0)
    for (const { name, error } of [...waiting, ...late])
      expectFor(`${name}: ${String(error)}`, error instanceof ClientError && error.code === 'refused').toBe(
        true,
      )
    isMember = true
    client.restart()
    await made.settled(client.ready())
  })

  /** A socket that never responds. */
  function deadSocket(): WebSocketLike & { open: () => void } {
    const listeners: (() => void)[] = []
    return {
      binaryType: '',
      readyState: 1,
      bufferedAmount: 0,
      send: () => undefined,
      close: () => undefined,
      addEventListener: (type: string, listener: (event: never) => void) => {
        if (type === 'open') listeners.push(listener as () => void)
      },
      open: () => {
        for (const listener of listeners) listener()
      },
    }
  }

  test('SDK-38: a call that waits for a standalone connection ends with it, also when the peer never agrees', async () => {
    const socket = deadSocket()
    const connection = new Connection({ url: 'ws://nowhere', token: 'x', dial: () => socket })
    socket.open()
    const pending = [
      connection.hello,
      connection.request('ping'),
      connection.exchange('ping', []),
      connection.findAll(core.class.Doc as Ref<Class>),
      connection.tx(createTask('t1', {}) as Tx),
      connection.getAccount(),
    ]
    connection.close()
    for (const each of [...pending, connection.request('ping')])
      await expect(each).rejects.toThrow(
        satisfying((error) => error instanceof ConnectionClosedError && error.code === 1000),
      )
    expect((await connection.closed).code).toBe(1000)
    await expect(
      Connection.open({ url: 'ws://nowhere', token: 'x', dial: deadSocket, timeout: 10 }),
    ).rejects.toThrow(ConnectionClosedError)
  })

  test('SDK-38: a call that waits for a file store ends with it', async () => {
    const path = join(await temporaryFolder(), 'store')
    const store = fileStore(path)
    const pending = [store.set('a', 1), store.get('a'), store.entries(''), store.delete('b')]
    await store.close()
    await Promise.allSettled(pending)
    for (const late of [store.set('a', 1), store.get('a'), store.entries(''), store.delete('a')])
      await expect(late).rejects.toThrow(/closed/)
    const inMemory = new MemoryStore()
    await Promise.all([inMemory.set('a', 1), inMemory.get('a'), inMemory.entries(''), inMemory.delete('a')])
  })
})

import { setTimeout as wait } from 'node:timers/promises'
import { SYSTEM_EMAIL } from '../../server/auth/tokens.ts'
import { RawClient } from '../support/raw-client.ts'
import { change } from '../support/transactions.ts'
import { pick } from '../crash/random.ts'
import type { SmallDisk } from '../crash/small-disk.ts'
import type { CuttingProxy } from '../services/cutting-proxy.ts'
import { OWN } from './random-work.ts'
import type { SdkMember } from './sdk-member.ts'
import { type SoakServer, tokenOf } from './soak-server.ts'

const HOUR = 3_600_000

export interface Subjects {
  server: SoakServer
  proxy: CuttingProxy
  members: readonly SdkMember[]
  /** The emails of accounts that may be members of the private project. */
  emails: readonly string[]
  disk: SmallDisk | undefined
}

type Disturbance = (subjects: Subjects, random: () => number) => Promise<void> | void

/** Disturbances by name; a repeated name is more frequent. */
const disturbances: readonly (readonly [name: string, Disturbance])[] = [
  ['connections are cut', ({ proxy }) => proxy.cut()],
  ['connections are cut', ({ proxy }, random) => proxy.cutAfterNextRequest(random() * 20)],
  ['the network stalls', stall],
  ['the network is slow', slow],
  ['the network is away', refuse],
  ['the server is killed', ({ server }, random) => server.restart('kill', random() * 500)],
  ['the server is stopped', ({ server }, random) => server.restart('stop', random() * 500)],
  ['an upgrade tool enters', upgrade],
  ['an upgrade tool enters', upgrade],
  ['the workspace is closed by force', ({ server }) => server.manage('force-close&workspaceId=soak')],
  ['the workspace is closed by force', ({ server }) => server.manage('force-close&workspaceId=soak')],
  ['maintenance is announced', announce],
  ['the server’s clock is set', ({ server }, random) => server.stepClock((random() * 2 - 1) * HOUR)],
  ['a client’s clock is set', setClientClock],
  ['the disk is full', fillDisk],
  ['members change', changeMembers],
  ['members change', changeMembers],
  ['a client ends and comes back', ({ members }, random) => pick(random, members).restart()],
]

/** Disturbs until it is told to stop. */
export async function disturb(
  subjects: Subjects,
  options: { random: () => number; signal: AbortSignal; happened: (name: string) => void },
): Promise<void> {
  const { random, signal, happened } = options
  while (!signal.aborted) {
    await wait(100 + random() * 1200)
    const [name, disturbance] = pick(random, disturbances)
    happened(name)
    await disturbance(subjects, random)
  }
}

/** Everything is restored. */
export function calm({ proxy, disk }: Subjects): void {
  disk?.free()
  proxy.refuse(false)
  proxy.throttle(undefined)
  proxy.resume()
}

async function stall({ proxy }: Subjects, random: () => number): Promise<void> {
  proxy.stall(random() < 0.5 ? 'all' : 'answers')
  await wait(random() * 2000)
  proxy.resume()
}

async function slow({ proxy }: Subjects, random: () => number): Promise<void> {
  proxy.throttle(5 + random() * 100)
  await wait(random() * 2000)
  proxy.throttle(undefined)
}

async function refuse({ proxy }: Subjects, random: () => number): Promise<void> {
  proxy.refuse(true)
  await wait(random() * 2000)
  proxy.refuse(false)
}

async function announce({ server }: Subjects, random: () => number): Promise<void> {
  await server.manage('maintenance&timeout=5')
  await wait(random() * 500)
  await server.manage('cancel-maintenance')
}

/** It changes the model, and disconnects a moment later. */
async function upgrade({ server }: Subjects, random: () => number): Promise<void> {
  await withTool(server, tokenOf('tool', { model: 'upgrade' }), async () => {
    await wait(random() * 1000)
  })
}

/** Acts in its own session, as far as possible: the server may end meanwhile, or its disk be full. */
async function withTool(
  server: SoakServer,
  token: string,
  act: (tool: RawClient) => Promise<void>,
): Promise<void> {
  const tool = new RawClient(server.url, token)
  tool.socket.once('open', () => tool.send({ method: 'hello', params: [], id: -1 }))
  try {
    await tool.wait(({ id, result }) => id === -1 && result === 'hello', 4000)
    await act(tool)
  } catch {
    // A failure is a disturbance too.
  } finally {
    tool.socket.terminate()
  }
}

function setClientClock({ members }: Subjects, random: () => number): void {
  pick(random, members).stepClock((random() * 2 - 1) * HOUR)
}

async function fillDisk({ disk }: Subjects, random: () => number): Promise<void> {
  if (disk === undefined) return
  disk.fill()
  await wait(random() * 1000)
  disk.free()
}

async function changeMembers({ server, emails }: Subjects, random: () => number): Promise<void> {
  const members = emails.filter(() => random() < 0.6).map((email) => `account:${email}`)
  const fields = { private: random() < 0.8, members }
  await withTool(server, tokenOf(SYSTEM_EMAIL), async (tool) => {
    const options = { by: 'core:account:System', space: 'core:space:Space' }
    const tx = change('core:class:TxUpdateDoc', OWN, 'board:class:Project', options, { operations: fields })
    await tool.request('tx', [tx])
  })
}

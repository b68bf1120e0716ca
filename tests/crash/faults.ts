import { setTimeout as wait } from 'node:timers/promises'
import type { CuttingProxy } from '../services/cutting-proxy.ts'
import type { Outage } from '../services/service.ts'
import { pick } from './random.ts'

/** A fault between a server and its database. */
export interface Fault {
  name: string
  /** Resolves at its end. */
  happen: () => Promise<void>
}

export interface FaultOptions {
  proxy: CuttingProxy
  outage: Outage | undefined
  random: () => number
  kinds?: readonly FaultKind[] | undefined
}

/** Maximum milliseconds of a fault: some are longer than the server retries. */
const LONGEST = 2500

export type FaultKind = 'cuts' | 'stall' | 'stalled answers cut' | 'refused' | 'outage'

/** An outage of the database is the rarest fault, as it takes the longest. */
const KINDS: readonly FaultKind[] = [
  'cuts',
  'stall',
  'stalled answers cut',
  'refused',
  'cuts',
  'stall',
  'outage',
]

/** A random fault; without an outage where the database was not started here. */
export function randomFault({ proxy, outage, random, kinds = KINDS }: FaultOptions): Fault {
  const lasting = random() * LONGEST
  const picked = pick(random, kinds)
  const kind = picked === 'outage' && outage === undefined ? 'refused' : picked
  switch (kind) {
    case 'cuts':
      return { name: kind, happen: async () => await cuts(proxy, random) }
    case 'stall':
      return { name: kind, happen: async () => await stall(proxy, lasting) }
    case 'stalled answers cut':
      return { name: kind, happen: async () => await stallAnswers(proxy, lasting / 4) }
    case 'outage':
      return { name: outage?.how ?? kind, happen: async () => await endAndStart(outage, lasting) }
    case 'refused':
      return { name: kind, happen: async () => await refuse(proxy, lasting) }
    default:
      return kind satisfies never
  }
}

async function cuts(proxy: CuttingProxy, random: () => number): Promise<void> {
  const count = 1 + Math.floor(random() * 5)
  for (let cut = 0; cut < count; cut++) {
    proxy.cutAfterNextRequest(random() * 5)
    await wait(random() * 60)
  }
  proxy.cut()
}

async function stall(proxy: CuttingProxy, lasting: number): Promise<void> {
  proxy.stall('all')
  await wait(lasting)
  proxy.resume()
}

/** Requests are executed, and their responses are lost. */
async function stallAnswers(proxy: CuttingProxy, lasting: number): Promise<void> {
  proxy.stall('answers')
  await wait(lasting)
  proxy.cut()
  proxy.resume()
}

async function refuse(proxy: CuttingProxy, lasting: number): Promise<void> {
  proxy.refuse(true)
  await wait(lasting)
  proxy.refuse(false)
}

async function endAndStart(outage: Outage | undefined, lasting: number): Promise<void> {
  await outage?.begin()
  await wait(lasting)
  await outage?.end()
}

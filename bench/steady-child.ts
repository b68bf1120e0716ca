// Clients in their own process that send requests at a steady pace, and measure how long the answers take.
import { pushAll } from '../model/push-all.ts'
import { answer } from './support/child.ts'
import type { Work } from './support/requests.ts'
import { type Latencies, SteadyClient, type Tenant } from './support/steady-client.ts'

export interface Pace {
  works: readonly Work[]
  /** Milliseconds between two turns. In each turn the next client sends one request of each kind. */
  every: number
  documents: number
}

const clients: SteadyClient[] = []
let timer: NodeJS.Timeout | undefined

const answers = {
  connect: async ({ url, tenants }: { url: string; tenants: Tenant[] }) => {
    pushAll(clients, await Promise.all(tenants.map((tenant) => SteadyClient.connect(url, tenant))))
  },

  begin: ({ works, every, documents }: Pace) => {
    let turn = 0
    timer = setInterval(() => {
      const client = clients[turn++ % clients.length]
      for (const work of works) client?.send(work, documents)
    }, every)
  },

  /** What was measured since the last call. */
  take: () => {
    const all: Latencies = {}
    for (const client of clients)
      for (const [work, latencies] of Object.entries(client.take()))
        pushAll((all[work as Work] ??= []), latencies)
    const refused = clients.reduce((sum, client) => sum + client.refused, 0)
    return { latencies: all, closed: clients.filter(({ isOpen }) => !isOpen).length, refused }
  },

  end: () => clearInterval(timer),
}
export type SteadyAnswers = typeof answers

answer(answers)

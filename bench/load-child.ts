// Clients in their own process. They do little work, as they share the machine with the server.
import { setTimeout as wait } from 'node:timers/promises'
import { answer } from './support/child.ts'
import { LoadClient } from './support/load-client.ts'
import type { Work } from './support/requests.ts'
import { spreadOf } from './support/spread.ts'
import { pushAll } from '../model/push-all.ts'

/** Connections that are opened concurrently. */
const DIALED = 50

const clients: LoadClient[] = []

const answers = {
  /** Opens a connection for each token. */
  connect: async ({ url, tokens, broadcast }: { url: string; tokens: string[]; broadcast: boolean }) => {
    for (let at = 0; at < tokens.length; at += DIALED) {
      const some = tokens.slice(at, at + DIALED).map((token) => LoadClient.connect(url, token, broadcast))
      pushAll(clients, await Promise.all(some))
    }
  },

  /** Every connection always has one request under way. */
  run: async ({ work, seconds, documents }: { work: Work; seconds: number; documents: number }) => {
    const started = performance.now()
    const running = clients.map((client) => client.run(work, documents))
    await wait(seconds * 1000)
    const latencies = clients.flatMap((client) => client.stop())
    const elapsed = (performance.now() - started) / 1000
    await Promise.all(running)
    const sorted = latencies.sort((a, b) => a - b)
    const count = sorted.length
    return { count, elapsed, median: spreadOf(sorted).median, slow: sorted[Math.floor(count * 0.99)] ?? 0 }
  },

  close: async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
  },
}
export type LoadAnswers = typeof answers

answer(answers)

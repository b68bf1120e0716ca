import { fileURLToPath } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { AtriumAnswers } from '../atrium-child.ts'
import type { Child } from '../support/child.ts'
import type { Plan } from '../support/plan.ts'
import { populate } from '../support/populate.ts'
import { printFigure } from '../support/report.ts'
import { startAtrium, token } from '../support/server.ts'
import { spreadOf } from '../support/spread.ts'

const DOCUMENTS = 200_000
const REPETITIONS = 3
const TIME = { value: 10, better: 'lower' } as const
const MEMORY = { value: 150, better: 'lower' } as const
const MIGRATING = fileURLToPath(new URL('../migrating-module.js', import.meta.url))
const MEBIBYTE = 1024 * 1024

/** A migration that changes each of 200,000 documents, before the workspace opens. */
export async function measureMigrations(data: string, plan: Plan): Promise<void> {
  const [seconds, memory]: [number[], number[]] = [[], []]
  for (let repetition = 0; repetition < Math.min(plan.repetitions, REPETITIONS); repetition++) {
    const folder = `${data}/migrations-${repetition}`
    await populate(folder, 'migrations', DOCUMENTS)
    const settings = { NODE_ENV: 'production', ATRIUM_MODULES: MIGRATING, ATRIUM_ACCOUNTS: 'none' }
    const server = startAtrium(folder, settings)
    try {
      const measured = await migrate(server)
      seconds.push(measured.seconds)
      memory.push(measured.memory)
    } finally {
      await server.stop()
    }
  }
  const name = `a migration of ${DOCUMENTS.toLocaleString('en')} documents`
  printFigure({ name, unit: 's', spread: spreadOf(seconds), bar: TIME })
  printFigure({ name: `${name}, more memory`, unit: 'MB', spread: spreadOf(memory), bar: MEMORY })
}

/** Seconds until the workspace is open, and mebibytes that the server’s memory grew by at most. */
async function migrate(server: Child<AtriumAnswers>): Promise<{ seconds: number; memory: number }> {
  const url = await server.ask('url')
  const before = await server.ask('rss')
  const started = performance.now()
  const socket = new WebSocket(`${url.replace('http', 'ws')}/${token('migrations')}`)
  socket.on('error', () => undefined)
  let most = before
  try {
    while (!(await isOpen(url))) {
      most = Math.max(most, await server.ask('rss'))
      await wait(50)
    }
  } finally {
    socket.terminate()
  }
  return { seconds: (performance.now() - started) / 1000, memory: (most - before) / MEBIBYTE }
}

async function isOpen(url: string): Promise<boolean> {
  const admin = token('migrations', 'root', { admin: 'true' })
  const { workspaces } = (await (await fetch(`${url}/api/v1/statistics?token=${admin}`)).json()) as {
    workspaces: { id: string; state: string }[]
  }
  return workspaces.some(({ id, state }) => id === 'migrations' && state === 'open')
}

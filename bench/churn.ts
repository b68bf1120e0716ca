// Sessions that connect and disconnect, to detect a leak: `npm run bench:churn -- --rounds 10`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { print } from './support/report.ts'
import { startAtrium, token, withClients } from './support/server.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    sessions: { type: 'string', default: '5000' },
    workspaces: { type: 'string', default: '500' },
  },
})
const [rounds, sessions, workspaces] = [
  Number(values.rounds),
  Number(values.sessions),
  Number(values.workspaces),
]
const SETTLE_LIMIT = 60_000

const data = mkdtempSync(join(tmpdir(), 'atrium-churn-'))
const server = startAtrium(data, { ATRIUM_IDLE_TIMEOUT: '1', ATRIUM_RECONNECT_WINDOW: '1' })
const tokens = Array.from({ length: sessions }, (_, at) =>
  token(`w${at % workspaces}`, `p${Math.floor(at / workspaces)}`),
)

print(`${sessions} sessions in ${workspaces} workspaces open, work, leave and idle out, ${rounds} times`)
print('round  opened in  idle out in  sessions  workspaces  remembered  timers  handles    heap MB  RSS MB')
try {
  for (let round = 1; round <= rounds; round++) print(await churn(round))
} finally {
  await server.stop()
  rmSync(data, { recursive: true, force: true })
}

async function churn(round: number): Promise<string> {
  const started = performance.now()
  const opened = await withClients(server, tokens, async (load) => {
    const elapsed = performance.now() - started
    await load.ask('run', { work: 'ping', seconds: 1, documents: 0 })
    await load.ask('close')
    return elapsed
  })
  const left = performance.now()
  const deadline = left + SETTLE_LIMIT
  let inspection = await server.ask('inspect')
  while (
    inspection.sessions + inspection.workspaces + inspection.remembered > 0 &&
    performance.now() < deadline
  ) {
    await wait(100)
    inspection = await server.ask('inspect')
  }
  const idleOut = performance.now() - left
  const { rss, heap } = await server.ask('memoryInUse')
  const columns = [
    [round, 5],
    [`${(opened / 1000).toFixed(1)} s`, 11],
    [`${(idleOut / 1000).toFixed(1)} s`, 13],
    [inspection.sessions, 10],
    [inspection.workspaces, 12],
    [inspection.remembered, 12],
    [inspection.timers, 8],
    [inspection.handles, 9],
    [(heap / 1024 ** 2).toFixed(1), 11],
    [(rss / 1024 ** 2).toFixed(0), 8],
  ] as const
  return columns.map(([value, width]) => String(value).padStart(width)).join('')
}

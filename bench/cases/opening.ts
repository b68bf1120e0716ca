import { setTimeout as wait } from 'node:timers/promises'
import { connect } from '../../client/node.ts'
import type { Plan } from '../support/plan.ts'
import { printFigure } from '../support/report.ts'
import { startAtrium, token } from '../support/server.ts'
import { spreadOf } from '../support/spread.ts'

const BAR = 50
const OPENINGS = 4

/** From dialling to the response to hello, for a closed workspace and for an open one. */
export async function measureOpening(data: string, workspace: string, plan: Plan): Promise<void> {
  const server = startAtrium(data, { ATRIUM_IDLE_TIMEOUT: '0' })
  try {
    const url = await server.ask('url')
    const enter = async () => {
      const started = performance.now()
      const connection = await connect({ url: url.replace('http', 'ws'), token: token(workspace) })
      return { connection, took: performance.now() - started }
    }
    const [asleep, awake]: [number[], number[]] = [[], []]
    for (let opening = 0; opening < plan.repetitions * OPENINGS; opening++) {
      const [first, second] = [await enter(), await enter()]
      asleep.push(first.took)
      awake.push(second.took)
      first.connection.close()
      second.connection.close()
      await closed(url)
    }
    const name = `opening ${plan.documents.toLocaleString('en')} documents`
    const peer = { name: 'entering the open workspace', spread: spreadOf(awake) }
    printFigure({ name, unit: 'ms', spread: spreadOf(asleep), bar: { value: BAR, better: 'lower' }, peer })
  } finally {
    await server.stop()
  }
}

/** Waits until the server’s metrics report that no workspace is open. */
async function closed(url: string): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text()
    if (!/^atrium_workspaces\{/m.test(text)) return
    await wait(20)
  }
}

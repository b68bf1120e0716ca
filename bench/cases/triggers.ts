import { fileURLToPath } from 'node:url'
import type { AtriumAnswers } from '../atrium-child.ts'
import type { LoadAnswers } from '../load-child.ts'
import type { Child } from '../support/child.ts'
import type { Plan } from '../support/plan.ts'
import { populate } from '../support/populate.ts'
import { printFigure } from '../support/report.ts'
import { startAtrium, token, withClients } from '../support/server.ts'
import { spreadOf } from '../support/spread.ts'

const WRITERS = 64
/** How much more of the server’s CPU a commit may take with a trigger that does nothing, in percent. */
const BAR = { value: 5, better: 'lower' } as const
const NOOP = fileURLToPath(new URL('../noop-module.js', import.meta.url))

/** The server’s CPU for a commit, with a synchronous trigger that does nothing and without it. */
export async function measureTriggers(data: string, plan: Plan): Promise<void> {
  const [without, beside] = ['triggers-without', 'triggers-with']
  await populate(`${data}/plain`, without, 0)
  await populate(`${data}/noop`, beside, 0)
  const plain = startAtrium(`${data}/plain`, { NODE_ENV: 'production' })
  const noop = startAtrium(`${data}/noop`, { NODE_ENV: 'production', ATRIUM_MODULES: `board,${NOOP}` })
  try {
    const tokens = (workspace: string) => Array.from({ length: WRITERS }, () => token(workspace))
    await withClients(plain, tokens(without), async (plainLoad) => {
      await withClients(noop, tokens(beside), async (noopLoad) => {
        const [costs, more]: [number[], number[]] = [[], []]
        for (let repetition = 0; repetition < plan.repetitions * 2; repetition++) {
          const base = await cost(plain, plainLoad, plan)
          costs.push(base)
          more.push((await cost(noop, noopLoad, plan)) / base)
        }
        const percent = more.map((ratio) => (ratio - 1) * 100)
        const note = `without it a commit costs ${spreadOf(costs).median.toFixed(1)} us of the server's CPU`
        const name = 'a no-op synchronous trigger, more CPU'
        printFigure({ name, unit: '%', spread: spreadOf(percent), bar: BAR, note })
      })
    })
  } finally {
    await plain.stop()
    await noop.stop()
  }
}

/** Microseconds of the server’s CPU for a commit. */
async function cost(
  server: Child<AtriumAnswers>,
  load: Child<LoadAnswers>,
  { seconds }: Plan,
): Promise<number> {
  const before = await server.ask('processorTime')
  const { count } = await load.ask('run', { work: 'commit', seconds, documents: 0 })
  return ((await server.ask('processorTime')) - before) / count
}

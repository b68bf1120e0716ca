import type { Plan } from '../support/plan.ts'
import { populate } from '../support/populate.ts'
import { printFigure } from '../support/report.ts'
import { startAtrium, token, withClients } from '../support/server.ts'
import { type Spread, spreadOf } from '../support/spread.ts'

const WORKSPACE = 'private'
const CONNECTIONS = 16
const BAR = 1.15

/**
 * A find of 50 by a member, who sees half of the private projects, and the same find by an administrator, who has no
 * restrictions. The two alternate.
 */
export async function measurePermissions(data: string, plan: Plan): Promise<void> {
  await populate(data, WORKSPACE, plan.documents, { isPrivate: true })
  const server = startAtrium(data)
  const tokens = (email: string, claims: { admin?: 'true' }) =>
    Array.from({ length: CONNECTIONS }, () => token(WORKSPACE, email, claims))
  const spent = async () => await server.ask('processorTime')
  const cost = async (who: string[]): Promise<number> =>
    await withClients(server, who, async (load) => {
      const { seconds, documents } = plan
      await load.ask('run', { work: 'find', seconds: seconds / 2, documents })
      const before = await spent()
      const { count } = await load.ask('run', { work: 'find', seconds, documents })
      return ((await spent()) - before) / count
    })
  try {
    const [members, administrators, ratios]: [number[], number[], number[]] = [[], [], []]
    for (let repetition = 0; repetition < plan.repetitions; repetition++) {
      const member = await cost(tokens('bench', {}))
      const administrator = await cost(tokens('root', { admin: 'true' }))
      members.push(member)
      administrators.push(administrator)
      ratios.push(member / administrator)
    }
    const peer = { name: 'by an administrator', spread: spreadOf(administrators) }
    printFigure({ name: 'find 50 by a member', unit: 'us CPU', spread: spreadOf(members), peer })
    const spread: Spread = spreadOf(ratios)
    printFigure({
      name: '  what permissions cost',
      unit: 'times',
      spread,
      bar: { value: BAR, better: 'lower' },
    })
  } finally {
    await server.stop()
  }
}

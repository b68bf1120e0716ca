import { type Attack, type Attacker, repeat } from './attack.ts'
import { applyIf, create, TASK, update, USER_STATUS } from './changes.ts'

const SLOW_PATTERN = '^.*.*.*.*.*.*.*.*.*.*x$'
/** Requests that one session may have under way. */
const EACH = 32

function ask(count: { sockets: number; each?: number }, method: string, params: unknown): Attack {
  const text = JSON.stringify(params)
  return async (attacker) => await repeat(attacker, count, (socket) => socket.ask(method, text))
}

function some(count: number, name: string): string[] {
  return Array.from({ length: count }, (_, at) => `${name} ${at}`)
}

function cases(count: number) {
  return some(count, 'case').map((title, index) => ({ query: { title }, index }))
}

async function patternsInChanges(attacker: Attacker): Promise<void> {
  const { account } = attacker
  const query = { description: { $regex: SLOW_PATTERN } }
  const target = create(account, { title: 'x', labels: some(1000, 'a long label of many words') })
  await (await attacker.socket(0)).ask('tx', JSON.stringify([target]))
  await repeat(attacker, { sockets: 1, each: 4 }, async (socket, number) => {
    const pull = { $pull: { labels: { $regex: SLOW_PATTERN } } }
    const tx =
      number % 2 === 0
        ? update(account, target.objectId, pull)
        : applyIf(account, [], { match: [{ _class: TASK, query }] })
    await socket.ask('tx', JSON.stringify([tx]))
  })
}

export const queryAttacks = {
  'regex over classes': ask({ sockets: 4 }, 'findAll', [
    'core:class:Class',
    { _id: { $regex: SLOW_PATTERN } },
  ]),
  'regex over stored documents': ask({ sockets: 1, each: EACH }, 'findAll', [
    TASK,
    { description: { $regex: SLOW_PATTERN } },
  ]),
  'regex over UserStatus': ask({ sockets: 4 }, 'findAll', [USER_STATUS, { _id: { $regex: SLOW_PATTERN } }]),
  'regex in $pull and an apply-if': patternsInChanges,
  'sort by 9,000 cases': ask({ sockets: 1, each: EACH }, 'findAll', [
    TASK,
    {},
    { sort: { title: { order: 1, cases: cases(9000) } }, limit: 10 },
  ]),
  'sort by 500 cases, the limit': ask({ sockets: 1, each: EACH }, 'findAll', [
    TASK,
    {},
    { sort: { title: { order: 1, cases: cases(500) } }, limit: 10 },
  ]),
  '$in of 19,000': ask({ sockets: 1, each: EACH }, 'findAll', [
    TASK,
    { title: { $in: some(19_000, 'title') } },
  ]),
  'a search of 50,000 words': ask({ sockets: 1, each: EACH }, 'searchFulltext', [
    { query: some(25_000, 'x').join(' ') },
  ]),
  '$search of 100 words, the limit': ask({ sockets: 1, each: EACH }, 'findAll', [
    TASK,
    { $search: some(50, 'search people').join(' ').split(' ').slice(0, 100).join(' ') },
  ]),
} satisfies Record<string, Attack>

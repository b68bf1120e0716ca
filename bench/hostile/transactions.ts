import { type Attack, type Attacker, repeat } from './attack.ts'
import { applyIf, type Change, comment, create, remove, update, USER_STATUS } from './changes.ts'
import type { HostileSocket } from './hostile-socket.ts'

const MEBIBYTE = 1024 * 1024
/** Transactions in one. */
const MOST = 10_000
const EACH = 32

function many(count: number, make: () => Change): Change[] {
  return Array.from({ length: count }, make)
}

async function tx(socket: HostileSocket, change: object): Promise<void> {
  await socket.ask('tx', JSON.stringify([change]))
}

function large(bytes: number, fields: object = {}): Attack {
  const description = 'x'.repeat(bytes)
  return async (attacker) =>
    await repeat(attacker, { sockets: 4 }, async (socket) => {
      await tx(socket, create(attacker.account, { title: 'large', description }, fields))
    })
}

function applyIfOf(count: number, make: (account: string) => Change): Attack {
  return async (attacker) => {
    const { account } = attacker
    await repeat(attacker, { sockets: 1, each: 2 }, async (socket) => {
      await tx(
        socket,
        applyIf(
          account,
          many(count, () => make(account)),
        ),
      )
    })
  }
}

function someTask(account: string): Change {
  return create(account, { title: 'a task' })
}

function privateSpace(account: string): Change {
  const attributes = { name: 'x', description: '', private: true, members: [account], archived: false }
  const fields = { objectClass: 'board:class:Project', objectSpace: 'core:space:Space' }
  return create(account, attributes, fields)
}

/** A task with many comments is removed, again and again. */
async function cascade(attacker: Attacker): Promise<void> {
  const { account } = attacker
  await repeat(attacker, { sockets: 1 }, async (socket) => {
    const task = create(account, { title: 'a parent' })
    await tx(socket, task)
    for (let made = 0; made < MOST; made += MOST / 5)
      await tx(
        socket,
        applyIf(
          account,
          many(MOST / 5, () => comment(account, task.objectId)),
        ),
      )
    await tx(socket, remove(account, task.objectId))
  })
}

/** Each operation copies a long array. */
async function pushes(attacker: Attacker): Promise<void> {
  const { account } = attacker
  const labels = Array.from({ length: 200_000 }, (_, at) => `label ${at}`)
  const task = create(account, { title: 'labels', labels })
  await tx(await attacker.socket(0), task)
  const push = { $push: { labels: { $each: ['x'], $position: 0 } } }
  await repeat(attacker, { sockets: 1, each: 2 }, async (socket) => {
    await tx(
      socket,
      applyIf(
        account,
        many(500, () => update(account, task.objectId, push)),
      ),
    )
  })
}

async function flood(attacker: Attacker): Promise<void> {
  await repeat(attacker, { sockets: 50, each: EACH }, async (socket) => {
    await tx(socket, create(attacker.account, { title: 'flood' }))
  })
}

export const transactionAttacks = {
  'transactions of 17 MiB': large(17 * MEBIBYTE),
  'transactions of 7.9 MiB, below the limit': large(7.9 * MEBIBYTE),
  'UserStatus of 15 MB': large(15_000_000, { objectClass: USER_STATUS, objectSpace: 'core:space:Space' }),
  '50 sessions flood tx': flood,
  'an apply-if of 20,000': applyIfOf(2 * MOST, someTask),
  'an apply-if of 10,000, the limit': applyIfOf(MOST, someTask),
  'a cascade of 10,000': cascade,
  '$push at a position of 200,000': pushes,
} satisfies Record<string, Attack>

/** The last ones, as they keep their own workspace busy for long. */
export const lastingAttacks = {
  'private spaces, 10,000 at once': applyIfOf(MOST, privateSpace),
} satisfies Record<string, Attack>

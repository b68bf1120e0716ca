import { fileURLToPath } from 'node:url'
import type { Connection } from '../../client/connection/connection.ts'
import { connect } from '../../client/node.ts'
import { board } from '../../examples/board/model.ts'
import { systemClock } from '../../model/clock.ts'
import type { Doc } from '../../model/documents.ts'
import { type DeadLetter, moduleState } from '../../pipeline/modules/module-state.ts'
import { type TokenClaims, Tokens } from '../../server/auth/tokens.ts'
import { RunningAtrium } from '../support/executable.ts'
import { NO_RATES, TEST_SECRET, TEST_SPACES } from '../support/test-server.ts'
import { createTask } from '../support/transactions.ts'

const tokens = new Tokens(TEST_SECRET, systemClock.now)
const rates = Object.entries(NO_RATES).map(([name, value]) => [
  `ATRIUM_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
  value,
])

/** A server in a process of its own, with the board and a module. */
export function startModule(module: URL, data: string, more: Record<string, string> = {}): RunningAtrium {
  const path = fileURLToPath(module)
  return new RunningAtrium(['start'], {
    ATRIUM_PORT: '0',
    ATRIUM_DATA: data,
    ATRIUM_DEMO: '0',
    ATRIUM_ACCOUNTS: 'none',
    ATRIUM_SECRET: TEST_SECRET,
    ATRIUM_MODULES: `board,${TEST_SPACES},${path}`,
    ...Object.fromEntries(rates),
    ...more,
  })
}

export async function enterModule(
  server: RunningAtrium,
  workspace = 'w1',
  claims: Partial<TokenClaims> = {},
): Promise<Connection> {
  const url = (await server.url()).replace('http', 'ws')
  return await connect({ url, token: tokens.sign({ email: 'ann', workspace, ...claims }) })
}

export async function addTask(connection: Connection, title: string): Promise<void> {
  await connection.tx(createTask(title.replaceAll(' ', '-'), { title }))
}

/** What triggers have said about tasks. */
export async function comments(connection: Connection): Promise<string[]> {
  const found = await connection.findAll(board.class.Comment)
  return found.map((doc) => (doc as Doc & { message: string }).message).toSorted()
}

/** The dead letters of the workspace, for an administrator. */
export async function deadLetters(connection: Connection): Promise<DeadLetter[]> {
  // The class declares these fields.
  return (await connection.findAll(moduleState.class.DeadLetter)) as unknown as DeadLetter[]
}

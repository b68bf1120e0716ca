import type { Connection } from '../../client/connection/connection.ts'
import { connect } from '../../client/node.ts'
import { systemClock } from '../../model/clock.ts'
import { type TokenClaims, Tokens } from '../../server/auth/tokens.ts'
import { SECRET, type ServerProcess } from './server-process.ts'
import { createProject, createTask, EMAIL, SHARED } from './transactions.ts'

const tokens = new Tokens(SECRET, systemClock.now)

interface EnterOptions {
  binary?: boolean
  claims?: Partial<TokenClaims>
}

/** A connection of the writers' account. */
export async function enter(
  { url }: ServerProcess,
  workspace: string,
  { binary = false, claims = {} }: EnterOptions = {},
): Promise<Connection> {
  return await connect({ url, token: tokens.sign({ email: EMAIL, workspace, ...claims }), binary })
}

/** Creates the documents that all writers share. The connection stays open. */
export async function setUp(server: ServerProcess, workspace: string): Promise<Connection> {
  const connection = await enter(server, workspace)
  try {
    await connection.tx(createProject('set-up-1'))
    await connection.tx(createTask('set-up-2', SHARED))
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

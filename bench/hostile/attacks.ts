import type { Attack } from './attack.ts'
import { connectionAttacks } from './connections.ts'
import { queryAttacks } from './queries.ts'
import { lastingAttacks, transactionAttacks } from './transactions.ts'

/** What one client has done to a server, by name. */
export const attacks: Readonly<Record<string, Attack>> = {
  ...queryAttacks,
  ...transactionAttacks,
  ...connectionAttacks,
  ...lastingAttacks,
}

import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { UserStatuses } from './user-status.ts'

/**
 * ```
 * new --> opening --> open --> draining --> closed
 *   \        |  ^______/          ^           ^
 *    \       \____________________/           |
 *     \_______________________________________/
 * ```
 * `upgrade`: only upgrade tools are admitted. An open workspace goes through `opening` again to get there. After `closed`
 * the registry makes a new host.
 */
export type WorkspaceState =
  | { name: 'new' }
  | { name: 'opening'; pipeline: Promise<Pipeline>; upgrade: boolean }
  | { name: 'open'; pipeline: Pipeline; upgrade: boolean; statuses: UserStatuses | undefined }
  | { name: 'draining'; done: Promise<void>; pipeline: Pipeline | undefined }
  | { name: 'closed' }

/** Where each state may lead. */
export const transitions: Record<WorkspaceState['name'], readonly WorkspaceState['name'][]> = {
  new: ['opening', 'closed'],
  opening: ['open', 'draining', 'closed', 'opening'],
  open: ['opening', 'draining'],
  draining: ['closed'],
  closed: [],
}

import { codeOf } from '../../model/error-details.ts'
import { lstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { closeToOthers } from '../../storage/shared/private-files.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'

/** Folders in the data folder in which the server stores files. */
export const WORKSPACES = 'workspaces'
export const SEARCH = 'search'

/**
 * Removes the permissions of other users of the machine from the data folder, its folders and their files, where an
 * older version or an operator left them. A reader of these files has every workspace and the secret that signs tokens.
 * A file of another owner cannot be changed, and is named in the log.
 */
export function closeDataFolder(data: string, logger: Logger): void {
  for (const folder of [data, join(data, WORKSPACES), join(data, SEARCH)]) {
    try {
      closeToOthers(folder, statSync(folder).mode)
      for (const entry of readdirSync(folder, { withFileTypes: true }))
        // The target of a link does not belong to the server.
        if (entry.isFile()) closeFile(join(folder, entry.name), logger)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') stayedOpen(folder, error, logger)
    }
  }
}

function closeFile(path: string, logger: Logger): void {
  try {
    closeToOthers(path, lstatSync(path).mode)
  } catch (error) {
    // SQLite creates and removes its own files at any time.
    if (codeOf(error) !== 'ENOENT') stayedOpen(path, error, logger)
  }
}

function stayedOpen(path: string, error: unknown, logger: Logger): void {
  logger.warn({ err: error, path }, 'other users of this machine may be able to read the stored files')
}

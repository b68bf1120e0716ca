import { lstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { closeToOthers } from '../../storage/shared/private-files.ts'
import type { Logger } from '../../pipeline/shared/logger.ts'

/** Folders of the data folder that the server keeps files in. */
export const WORKSPACES = 'workspaces'
export const SEARCH = 'search'

/**
 * Closes to other users of the machine what an older version, or somebody's hands, left open: the data folder,
 * its folders, and the files in them. Who may read them has every workspace, and the secret that signs tokens.
 * What belongs to somebody else cannot be closed, and is named in the log.
 */
export function closeDataFolder(data: string, logger: Logger): void {
  for (const folder of [data, join(data, WORKSPACES), join(data, SEARCH)]) {
    try {
      closeToOthers(folder, statSync(folder).mode)
      for (const entry of readdirSync(folder, { withFileTypes: true }))
        // What a link leads to is not the server's to change.
        if (entry.isFile()) closeFile(join(folder, entry.name), logger)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') stayedOpen(folder, error, logger)
    }
  }
}

function closeFile(path: string, logger: Logger): void {
  try {
    closeToOthers(path, lstatSync(path).mode)
  } catch (error) {
    // SQLite's own files come and go.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') stayedOpen(path, error, logger)
  }
}

function stayedOpen(path: string, error: unknown, logger: Logger): void {
  logger.warn({ err: error, path }, 'other users of this machine may be able to read what is kept')
}

import type { Doc, Domain } from '../../model/documents.ts'
import { core, domains } from '../../model/identifiers.ts'
import type { Condition } from '../../model/query/plan.ts'
import type { WorkspaceModel } from '../../model/workspace-model.ts'
import { plainPlan } from '../shared/plain-plan.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import type { Logger } from '../shared/logger.ts'
import type { Permissions } from './permissions.ts'

/**
 * Reads all stored spaces, and those that modules declare. Every document in the domain of spaces is a space, so that
 * a missing module hides its private spaces instead of making them public.
 */
export async function readSpaces(
  storage: WorkspaceStorage,
  model: WorkspaceModel,
  permissions: Permissions,
): Promise<void> {
  const found: { domain: Domain; space: Doc }[] = []
  for (const doc of model.documents())
    if (model.hierarchy.isDerived(doc._class, core.class.Space))
      found.push({ domain: domains.model, space: doc })
  for (const [domain, classes] of permissions.spaceDomains()) {
    if (domain === domains.model) continue
    const condition: Condition =
      classes === undefined
        ? { op: 'all-of', conditions: [] }
        : { op: 'in', path: ['_class'], values: [...classes] }
    const spaces = await storage.find(plainPlan(domain, condition))
    for (const space of spaces) found.push({ domain, space })
  }
  permissions.forgetSpaces()
  for (const { domain, space } of found) permissions.spaceChanged(domain, space._id, space)
}

/** Logs a warning about documents of unknown classes, which only the system and administrators see. */
export async function reportUnknownClasses(
  storage: WorkspaceStorage,
  model: WorkspaceModel,
  { logger, workspace }: { logger: Logger; workspace: string },
): Promise<void> {
  const stored = await storage.storedClasses()
  const unknown = stored.filter(({ _class }) => model.hierarchy.findClass(_class) === undefined)
  if (unknown.length === 0) return
  const classes = [...new Set(unknown.map(({ _class }) => _class))].sort()
  logger.warn(
    { workspace, classes },
    'the workspace contains documents of unknown classes, which are hidden: a module may be missing',
  )
}

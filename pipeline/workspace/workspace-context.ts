import type { Cause } from '../modules/context.ts'
import { generationOf } from '../modules/generation.ts'
import { moduleOf } from '../modules/installed-modules.ts'
import { runLaterFor } from '../modules/run-later.ts'
import type { WorkspaceContext } from '../modules/context.ts'
import type { Logger } from '../shared/logger.ts'
import type { TxCUD } from '../../model/transactions.ts'
import type { Workspace } from './workspace.ts'

/**
 * What code of a module knows of the workspace.
 * @param fullName of the trigger, job or method
 */
export function workspaceContextFor(
  { id, name, clock, generateId, logger, settings }: Workspace,
  fullName: string,
  cause: Cause,
): WorkspaceContext {
  const module = moduleOf(fullName)
  const now = (): number => clock.now()
  return {
    workspace: { id, name: name.current },
    settings: settings.valuesOf(module),
    now,
    random: Math.random,
    log: new NamedLogger(logger, { workspace: id, module, code: fullName, ...cause }),
    cause,
    ...runLaterFor(module, { generateId, now }),
  }
}

/** The cause of a trigger. @param names of the synchronous triggers in between */
export function causeOf(tx: TxCUD, names: readonly string[] = []): Cause {
  const { triggers } = generationOf(tx)
  return { sender: tx.modifiedBy, transaction: tx._id, triggers: [...triggers, ...names] }
}

/** Adds the same fields to each line. */
class NamedLogger implements Logger {
  readonly #logger: Logger
  readonly #fields: object

  constructor(logger: Logger, fields: object) {
    this.#logger = logger
    this.#fields = fields
  }

  info(fields: object, message: string): void {
    this.#logger.info({ ...this.#fields, ...fields }, message)
  }

  warn(fields: object, message: string): void {
    this.#logger.warn({ ...this.#fields, ...fields }, message)
  }

  error(fields: object, message: string): void {
    this.#logger.error({ ...this.#fields, ...fields }, message)
  }
}

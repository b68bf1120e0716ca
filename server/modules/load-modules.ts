import { messageOf } from '../../model/error-details.ts'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { baseModel } from '../../model/base-model.ts'
import { core } from '../../model/identifiers.ts'
import { deepCopy } from '../../model/copies.ts'
import type { Tx, TxCreateDoc } from '../../model/transactions.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'
import { serverModel } from '../../pipeline/modules/server-model.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { withTimeout } from '../../pipeline/shared/with-timeout.ts'
import { checkModules, checkShape } from './check-modules.ts'
import { orderModules } from './order-modules.ts'
import { ConfigurationError } from '../configuration/configuration-error.ts'

/** Milliseconds that the import of a module may take: it may wait for something at its top level. */
const IMPORT_TIMEOUT = 30_000

const sources = new WeakMap<AtriumModule, string>()

const examples: ReadonlyMap<string, string> = new Map([['board', '../../examples/board/index.js']])

/**
 * The modules named in the configuration: examples by name, files by a path with a dot or slash, otherwise packages.
 * @param timeout milliseconds that each import may take
 * @returns the modules in the order in which their triggers run
 * @throws ConfigurationError that names the module and what is wrong with it
 */
export async function loadModules(
  names: readonly string[],
  timeout = IMPORT_TIMEOUT,
): Promise<AtriumModule[]> {
  // One after the other: of several that are wrong the first is told.
  const modules: AtriumModule[] = []
  for (const name of names) modules.push(await loadModule(name, timeout))
  checkModules(modules)
  return orderModules(modules)
}

async function loadModule(name: string, timeout: number): Promise<AtriumModule> {
  const source = sourceFor(name)
  const { default: exported } = (await importModule(name, source, timeout)) as { default?: unknown }
  const module = checkShape(name, exported)
  sources.set(module, source)
  return module
}

/** What to import for a module that {@link loadModules} returned. */
export function sourceOf(module: AtriumModule): string | undefined {
  return sources.get(module)
}

function sourceFor(name: string): string {
  const example = examples.get(name)
  const isPath = name.startsWith('.') || name.startsWith('/')
  if (example !== undefined) return new URL(example, import.meta.url).href
  return isPath ? pathToFileURL(resolve(name)).href : name
}

async function importModule(name: string, source: string, timeout: number): Promise<unknown> {
  try {
    return await withTimeout(import(source), { milliseconds: timeout, what: 'its import' })
  } catch (cause) {
    throw new ConfigurationError(`ATRIUM_MODULES: ${name} cannot be loaded: ${messageOf(cause)}`)
  }
}

/** The model that every workspace starts from. Without `strict` no class of a module is strict. */
export function modelOf(
  modules: readonly Pick<AtriumModule, 'model'>[],
  { strict }: { strict: boolean } = { strict: true },
): WorkspaceModel {
  // Copied: what a module does to its array later does not change the workspaces.
  const declared = modules.flatMap(({ model }) => model.map((tx) => deepCopy(tx)))
  return WorkspaceModel.of([...baseModel, ...serverModel, ...(strict ? declared : declared.map(lax))])
}

function lax(tx: Tx): Tx {
  const { attributes, objectClass } = tx as Partial<TxCreateDoc>
  const isClass = objectClass === core.class.Class || objectClass === core.class.Mixin
  return isClass && attributes?.['strict'] === true
    ? ({ ...tx, attributes: { ...attributes, strict: false } } as Tx)
    : tx
}

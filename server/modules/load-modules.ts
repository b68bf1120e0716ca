import { messageOf } from '../../model/error-details.ts'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { baseModel } from '../../model/base-model.ts'
import { core } from '../../model/identifiers.ts'
import { deepCopy } from '../../model/copies.ts'
import type { Tx, TxCreateDoc } from '../../model/transactions.ts'
import type { AtriumModule } from '../../pipeline/modules/module.ts'
import { moduleStateModel } from '../../pipeline/modules/module-state.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { checkModules, checkShape } from './check-modules.ts'
import { ConfigurationError } from '../configuration/configuration-error.ts'

const examples: ReadonlyMap<string, string> = new Map([['board', '../../examples/board/index.js']])

/**
 * The modules named in the configuration: examples by name, files by a path with a dot or slash, otherwise packages.
 * @throws ConfigurationError that names the module and what is wrong with it
 */
export async function loadModules(names: readonly string[]): Promise<AtriumModule[]> {
  // One after the other: of several that are wrong the first is told.
  const modules: AtriumModule[] = []
  for (const name of names) modules.push(await loadModule(name))
  checkModules(modules)
  return modules
}

async function loadModule(name: string): Promise<AtriumModule> {
  const { default: module } = (await importModule(name)) as { default?: unknown }
  return checkShape(name, module)
}

async function importModule(name: string): Promise<unknown> {
  const example = examples.get(name)
  const isPath = name.startsWith('.') || name.startsWith('/')
  const target =
    example === undefined
      ? isPath
        ? pathToFileURL(resolve(name)).href
        : name
      : new URL(example, import.meta.url).href
  try {
    return await import(target)
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
  return WorkspaceModel.of([...baseModel, ...moduleStateModel, ...(strict ? declared : declared.map(lax))])
}

function lax(tx: Tx): Tx {
  const { attributes, objectClass } = tx as Partial<TxCreateDoc>
  const isClass = objectClass === core.class.Class || objectClass === core.class.Mixin
  return isClass && attributes?.['strict'] === true
    ? ({ ...tx, attributes: { ...attributes, strict: false } } as Tx)
    : tx
}

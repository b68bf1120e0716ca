import { satisfies, valid, validRange } from 'semver'
import type { AtriumModule } from '../../pipeline/modules/module.ts'
import { wrongModule } from './wrong-module.ts'

/**
 * The modules in the order in which their triggers run: a module comes after those that it requires, and otherwise by
 * name.
 * @throws ConfigurationError that names the module whose requirement is not met, or the modules of a circle
 */
export function orderModules(modules: readonly AtriumModule[]): AtriumModule[] {
  const byName = new Map(modules.map((module) => [module.name, module]))
  const ordered = new Set<AtriumModule>()
  const add = (module: AtriumModule, path: readonly string[]): void => {
    if (ordered.has(module)) return
    if (path.includes(module.name))
      throw wrongModule(module.name, `requires itself: ${[...path, module.name].join(' > ')}`)
    for (const required of requiredBy(module, byName)) add(required, [...path, module.name])
    ordered.add(module)
  }
  for (const module of modules.toSorted(byNameOf)) add(module, [])
  return [...ordered]
}

function byNameOf(one: AtriumModule, other: AtriumModule): number {
  return one.name < other.name ? -1 : 1
}

function requiredBy(
  { name, version, requires = [] }: AtriumModule,
  modules: ReadonlyMap<string, AtriumModule>,
): AtriumModule[] {
  if (version !== undefined && valid(version) === null)
    throw wrongModule(name, `has the version ${version}, which is not a semantic version such as 1.4.0`)
  return requires.map((requirement) => requiredModule(name, requirement, modules)).toSorted(byNameOf)
}

function requiredModule(
  name: string,
  requirement: string,
  modules: ReadonlyMap<string, AtriumModule>,
): AtriumModule {
  const [required = '', range = '*'] = requirement.split('@')
  if (validRange(range) === null)
    throw wrongModule(name, `requires ${requirement}, whose range of versions is invalid`)
  const module = modules.get(required)
  if (module === undefined) throw wrongModule(name, `requires ${requirement}, which is not loaded`)
  const { version } = module
  if (range !== '*' && (version === undefined || !satisfies(version, range, { includePrerelease: true })))
    throw wrongModule(name, `requires ${requirement}, but ${required} has ${version ?? 'no version'}`)
  return module
}

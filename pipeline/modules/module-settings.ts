import { brand } from '../../model/brand.ts'
import { deepFreeze } from '../../model/copies.ts'
import type { Doc, Ref, Unchecked } from '../../model/documents.ts'
import type { Logger } from '../shared/logger.ts'
import type { AtriumModule } from './module.ts'
import { runInModule } from './run-in-module.ts'
import { type Settings, SETTINGS_DOMAIN } from './settings-state.ts'

/** A part of a module that is declared in settings. */
type Declared = Pick<AtriumModule, 'name' | 'settings' | 'enabledIn'>

interface Known {
  isOn: boolean
  values: unknown
}

/** The settings of all modules in one workspace, as of its last durable commit. */
export class ModuleSettings {
  readonly #declared: ReadonlyMap<string, Declared>
  readonly #known = new Map<string, Known>()
  readonly #workspace: string
  readonly #logger: Logger

  constructor(modules: Iterable<Declared>, { id, logger }: { id: string; logger: Logger }) {
    this.#workspace = id
    this.#logger = logger
    this.#declared = new Map(
      [...modules]
        .filter(({ settings, enabledIn = 'all' }) => settings !== undefined || enabledIn !== 'all')
        .map((module) => [module.name, module]),
    )
  }

  /** Modules whose settings are a document. */
  get declared(): Iterable<Declared> {
    return this.#declared.values()
  }

  /** Whether the module works in this workspace. */
  isOn(module: string): boolean {
    const { enabledIn = 'all' } = this.#declared.get(module) ?? {}
    return enabledIn === 'all' || this.#known.get(module)?.isOn === true
  }

  /** The values of the module, as its schema returns them. */
  valuesOf(module: string): unknown {
    return this.#known.get(module)?.values ?? this.#parsed(this.#declared.get(module), {})
  }

  /** Documents are durable. */
  changed(puts: readonly { domain: string; doc: Doc }[]): void {
    if (this.#declared.size === 0) return
    for (const { domain, doc } of puts) if (domain === SETTINGS_DOMAIN) this.take(doc)
  }

  take(doc: Doc): void {
    const { module = '', isOn = false, values }: Unchecked<Settings> = doc
    const declared = this.#declared.get(module)
    // Administrators may create others, which mean nothing.
    if (declared === undefined || doc._id !== settingsId(module)) return
    this.#known.set(module, { isOn, values: this.#parsed(declared, values ?? {}) })
  }

  /** What is wrong with the values of a document, by the schema of its module. */
  wrongWith({ module, values }: Unchecked<Settings>): string | undefined {
    const outcome = this.#outcomeOf(this.#declared.get(module ?? ''), values ?? {})
    return 'flaw' in outcome ? outcome.flaw : undefined
  }

  /** Stored values that a later version of the module refuses give way to its defaults. */
  #parsed(declared: Declared | undefined, values: unknown): unknown {
    const outcome = this.#outcomeOf(declared, values)
    if ('data' in outcome) return deepFreeze(outcome.data)
    this.#logger.error(
      { workspace: this.#workspace, module: declared?.name, message: outcome.flaw },
      'the stored settings of a module do not fit its schema: its defaults apply',
    )
    return deepFreeze(declared?.settings?.parse({}))
  }

  /** A schema that throws, or that does not answer at once, refuses the values. */
  #outcomeOf(declared: Declared | undefined, values: unknown): { data: unknown } | { flaw: string } {
    const { name = '', settings } = declared ?? {}
    if (settings === undefined) return { data: {} }
    const origin = { module: name, kind: 'schema', name: 'settings', workspace: this.#workspace } as const
    try {
      const outcome = runInModule(origin, () => settings.safeParse(values))
      if (outcome.success) return { data: outcome.data }
      const [issue] = outcome.error.issues
      return { flaw: `${['values', ...(issue?.path ?? [])].join('.')}: ${issue?.message}` }
    } catch (error) {
      this.#logger.error({ ...origin, err: error }, 'a schema of a module failed')
      return { flaw: 'values: the schema of the module failed' }
    }
  }
}

export function settingsId(module: string): Ref {
  return brand(`module:settings:${module}`)
}

import type { Account, Class, Doc, Ref, Space, TxClass } from './documents.ts'
import type { BaseDocuments, ClassRef } from './class-ref.ts'

const classNames = [
  ...(['Obj', 'Doc', 'AttachedDoc', 'Class', 'Mixin', 'Interface', 'Attribute', 'Type'] as const),
  ...(['TypeString', 'TypeNumber', 'TypeBoolean', 'TypeTimestamp', 'TypeDate', 'TypeMarkup'] as const),
  ...(['TypeRank', 'TypeAny', 'RefTo', 'ArrOf', 'EnumOf', 'Collection'] as const),
  ...(['Enum', 'Space', 'Account', 'UserStatus', 'Version', 'Configuration', 'Preference'] as const),
  ...(['Tx', 'TxCUD', 'TxCreateDoc', 'TxUpdateDoc', 'TxRemoveDoc', 'TxMixin'] as const),
  ...(['TxCollectionCUD', 'TxApplyIf', 'TxWorkspaceEvent', 'TxModelUpgrade'] as const),
] as const
const spaceNames = ['Tx', 'DerivedTx', 'Model', 'Space', 'Configuration'] as const
const accountNames = ['System', 'ConfigUser'] as const

/** The well-known identifiers of the base model: `core.class.Doc` is `core:class:Doc`. */
export const core = {
  class: identifiers<(typeof classNames)[number], Class>('class', classNames) as BaseClassRefs,
  space: identifiers<(typeof spaceNames)[number], Space>('space', spaceNames),
  account: identifiers<(typeof accountNames)[number], Account>('account', accountNames),
}

/** Ids of transaction classes are also literals, for `_class` of a transaction. */
type BaseClassRefs = {
  [N in (typeof classNames)[number]]: ClassRef<N extends keyof BaseDocuments ? BaseDocuments[N] : Doc> &
    (`core:class:${N}` extends TxClass ? `core:class:${N}` : unknown)
}

/** Domains with a special meaning. */
export const domains = { model: 'model', tx: 'tx', space: 'space', transient: 'transient' } as const

/** Plugins of the server: `atrium:` prefixes its own workspaces, the others its classes and documents. */
export const serverPlugins: ReadonlySet<string> = new Set(['core', 'module', 'accounts', 'atrium'])

/** The part of an identifier before its first colon, or all of it without a colon. */
export function pluginOf(id: string): string {
  const end = id.indexOf(':')
  return end === -1 ? id : id.slice(0, end)
}

function identifiers<N extends string, T extends Doc>(kind: string, names: readonly N[]) {
  // `fromEntries` preserves neither the names nor the brand.
  return Object.fromEntries(names.map((name) => [name, `core:${kind}:${name}`])) as Record<N, Ref<T>>
}

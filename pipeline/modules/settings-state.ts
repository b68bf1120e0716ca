import { any, boolean, string } from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import type { DocumentOf } from '../../model/class-ref.ts'
import type { Domain } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'

const builder = createModelBuilder('module')

export const SETTINGS_DOMAIN: Domain = 'module-settings'

/**
 * The settings of one module in one workspace. All members read them, and maintainers change `values` and `isOn`. The
 * server creates the document.
 */
const Settings = builder.class('Settings', {
  extends: core.class.Doc,
  domain: SETTINGS_DOMAIN,
  label: 'Settings of a module',
  attributes: {
    module: string({ required: true }),
    /** Whether the module works in this workspace. */
    isOn: boolean({ required: true }),
    /** By the schema that the module declares. */
    values: any<Record<string, unknown>>(),
  },
})

export type Settings = DocumentOf<typeof Settings>

export const settingsState = { class: { Settings } }

export const settingsModel = builder.transactions()

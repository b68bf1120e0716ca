import { any, arrayOf, boolean, enumOf, number, refTo, string, timestamp } from './attribute-types.ts'
import { createModelBuilder, type ModelBuilder } from './builder.ts'
import { AccountRole } from './documents.ts'
import { core, domains } from './identifiers.ts'
import type { TxCreateDoc } from './transactions.ts'

/** The model that every workspace starts with. */
export const baseModel: readonly TxCreateDoc[] = declareBaseModel()

function declareBaseModel(): TxCreateDoc[] {
  const builder = createModelBuilder('core', { strict: false })
  declareRoots(builder)
  declareClasses(builder)
  declareTypes(builder)
  declareSpaces(builder)
  declareTransactions(builder)
  declareChanges(builder)
  return builder.transactions()
}

function declareRoots(builder: ModelBuilder): void {
  builder.class('Obj', { attributes: { _class: refTo(core.class.Class) } })
  builder.class('Doc', {
    extends: core.class.Obj,
    attributes: {
      _id: string(),
      space: refTo(core.class.Space),
      modifiedBy: refTo(core.class.Account),
      modifiedOn: timestamp(),
      createdBy: refTo(core.class.Account),
      createdOn: timestamp(),
    },
  })
  builder.class('AttachedDoc', {
    extends: core.class.Doc,
    attributes: {
      attachedTo: refTo(core.class.Doc, { index: true }),
      attachedToClass: refTo(core.class.Class),
      collection: string(),
    },
  })
}

function declareClasses(builder: ModelBuilder): void {
  const domain = domains.model
  builder.class('Class', {
    extends: core.class.Doc,
    domain,
    attributes: {
      kind: number(),
      label: any(),
      extends: any(),
      implements: any(),
      domain: string(),
      visibleTo: string(),
      accents: string(),
      strict: boolean(),
      indexes: any(),
      unique: any(),
    },
  })
  builder.class('Mixin', { extends: core.class.Class })
  builder.class('Interface', { extends: core.class.Class })
  builder.class('Attribute', {
    extends: core.class.Doc,
    domain,
    attributes: {
      attributeOf: refTo(core.class.Class),
      name: string(),
      type: any(),
      label: any(),
      required: boolean(),
      defaultValue: any(),
      index: any(),
      fullText: boolean(),
    },
  })
  builder.class('Enum', {
    extends: core.class.Doc,
    domain,
    attributes: { name: string(), enumValues: arrayOf(string()) },
  })
}

function declareTypes(builder: ModelBuilder): void {
  builder.class('Type', { extends: core.class.Obj, attributes: { label: any() } })
  const kinds = [
    'TypeString',
    'TypeNumber',
    'TypeBoolean',
    'TypeTimestamp',
    'TypeDate',
    'TypeMarkup',
    'TypeRank',
  ]
  for (const kind of [...kinds, 'TypeAny']) builder.class(kind, { extends: core.class.Type })
  builder.class('RefTo', { extends: core.class.Type, attributes: { to: refTo(core.class.Class) } })
  builder.class('ArrOf', { extends: core.class.Type, attributes: { of: any() } })
  builder.class('EnumOf', { extends: core.class.Type, attributes: { of: refTo(core.class.Enum) } })
  builder.class('Collection', {
    extends: core.class.Type,
    attributes: { itemClass: refTo(core.class.Class) },
  })
}

function declareSpaces(builder: ModelBuilder): void {
  const role = builder.enum('AccountRole', Object.values(AccountRole))
  builder.class('Space', {
    extends: core.class.Doc,
    domain: domains.space,
    attributes: {
      name: string(),
      description: string({ default: '' }),
      private: boolean({ default: false }),
      members: arrayOf(refTo(core.class.Account), { default: [] }),
      owners: arrayOf(refTo(core.class.Account)),
      archived: boolean({ default: false }),
    },
  })
  builder.class('Account', {
    extends: core.class.Doc,
    domain: domains.model,
    attributes: { email: string(), role: enumOf(role) },
  })
  builder.class('UserStatus', {
    extends: core.class.Doc,
    domain: domains.transient,
    attributes: { online: boolean(), user: refTo(core.class.Account) },
  })
  builder.class('Version', {
    extends: core.class.Doc,
    domain: domains.model,
    attributes: { major: number(), minor: number(), patch: number() },
  })
  builder.class('Preference', { extends: core.class.Doc, domain: 'preference', visibleTo: 'creator' })
  builder.class('Configuration', {
    extends: core.class.Doc,
    domain: domains.model,
    attributes: { enabled: boolean() },
  })
}

function declareTransactions(builder: ModelBuilder): void {
  builder.class('Tx', {
    extends: core.class.Doc,
    domain: domains.tx,
    attributes: { objectSpace: refTo(core.class.Space, { index: true }) },
  })
  builder.class('TxCUD', {
    extends: core.class.Tx,
    attributes: { objectId: refTo(core.class.Doc, { index: true }), objectClass: refTo(core.class.Class) },
  })
  builder.class('TxApplyIf', {
    extends: core.class.Tx,
    attributes: {
      scope: string(),
      match: any(),
      notMatch: any(),
      txes: any(),
      notify: boolean(),
      extraNotify: any(),
    },
  })
  builder.class('TxWorkspaceEvent', {
    extends: core.class.Tx,
    attributes: { event: number(), params: any() },
  })
  builder.class('TxModelUpgrade', { extends: core.class.Tx })
}

function declareChanges(builder: ModelBuilder): void {
  builder.class('TxCreateDoc', { extends: core.class.TxCUD, attributes: { attributes: any() } })
  builder.class('TxUpdateDoc', {
    extends: core.class.TxCUD,
    attributes: { operations: any(), retrieve: boolean() },
  })
  builder.class('TxRemoveDoc', { extends: core.class.TxCUD })
  builder.class('TxMixin', {
    extends: core.class.TxCUD,
    attributes: { mixin: refTo(core.class.Mixin), attributes: any() },
  })
  builder.class('TxCollectionCUD', {
    extends: core.class.TxCUD,
    attributes: { collection: string(), tx: any() },
  })
}

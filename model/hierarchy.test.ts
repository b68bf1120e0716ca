import assert from 'node:assert/strict'
import { test } from 'node:test'
import { baseModel } from './base-model.ts'
import type { Ref } from './documents.ts'
import {
  Bug,
  Comment,
  Estimated,
  Named,
  Task,
  boardHierarchy,
  coded,
  createTx,
  hierarchyOf,
  updateTx,
} from './fixture.ts'
import { core } from './identifiers.ts'
import type { TxCUD, TxRemoveDoc } from './transactions.ts'

test('DOC-1: the base model alone makes a hierarchy with every base class and its domain', () => {
  const hierarchy = hierarchyOf(baseModel)
  for (const id of Object.values(core.class)) assert.ok(hierarchy.findClass(id), id)
  const domainsOf = (['Class', 'Account', 'TxCreateDoc', 'Space', 'UserStatus', 'Doc'] as const).map((name) =>
    hierarchy.domainOf(core.class[name]),
  )
  assert.deepEqual(domainsOf, ['model', 'model', 'tx', 'space', 'transient', undefined])
  assert.ok(baseModel.every((tx) => tx.modifiedOn > 0 && tx.modifiedBy === core.account.System))
})

test('DOC-2: a class is derived from itself, its ancestors and its interfaces, an unknown one from nothing', () => {
  const hierarchy = boardHierarchy()
  assert.deepEqual(hierarchy.ancestors(Bug).slice(0, 4), [Bug, Task, core.class.AttachedDoc, Named])
  assert.ok(
    hierarchy.isDerived(Bug, Bug) &&
      hierarchy.isDerived(Bug, core.class.Doc) &&
      hierarchy.isDerived(Bug, Named),
  )
  assert.ok(!hierarchy.isDerived(Task, Bug) && !hierarchy.isDerived('none:class:None', core.class.Doc))
  assert.deepEqual([...hierarchy.descendants(Task)], [Task, Bug, Estimated])
  assert.equal(hierarchy.baseClass(Estimated), Task)
  assert.throws(() => hierarchy.getClass('toString'), coded('core:status:UnknownClass'))
})

test('DOC-3: a domain is that of the nearest ancestor that names one', () => {
  const hierarchy = boardHierarchy()
  assert.equal(hierarchy.domainOf(Bug), 'task')
  assert.deepEqual(hierarchy.domains().get('task'), [Task, Bug, Estimated])
  assert.deepEqual(hierarchy.domains().get('comment'), [Comment])
})

const model = { objectSpace: core.space.Model }
const broken: [string, TxCUD, string][] = [
  [
    'unknown ancestor',
    classTx('X', { kind: 0, label: 'X', extends: 'no:class:No' }),
    'core:status:UnknownClass',
  ],
  [
    'own ancestor',
    classTx('X', { kind: 0, label: 'X', extends: 'board:class:X' }),
    'core:status:InvalidTransaction',
  ],
  [
    'cycle',
    updateTx({ extends: Bug }, { ...model, objectId: Task, objectClass: core.class.Class }),
    'core:status:InvalidTransaction',
  ],
  ['class with descendants', removeTx(Task), 'core:status:InvalidTransaction'],
  ['mixin on nothing', classTx('X', { kind: 2, label: 'X' }), 'core:status:InvalidTransaction'],
  ['unknown kind', classTx('X', { kind: 7, label: 'X' }), 'core:status:InvalidTransaction'],
  ['attribute of an unknown class', attributeTx('no:class:No', 'x'), 'core:status:UnknownClass'],
  ['attribute with a reserved name', attributeTx(Task, '__proto__'), 'core:status:InvalidTransaction'],
]
for (const [name, tx, code] of broken) {
  test(`DOC-4: a broken model transaction is refused and changes nothing: ${name}`, () => {
    const hierarchy = boardHierarchy()
    const before = [
      hierarchy.ancestors(Bug),
      [...hierarchy.attributes(Task)],
      hierarchy.descendants(core.class.Obj),
    ]
    assert.throws(() => hierarchy.apply(tx), coded(code))
    const after = [
      hierarchy.ancestors(Bug),
      [...hierarchy.attributes(Task)],
      hierarchy.descendants(core.class.Obj),
    ]
    assert.deepEqual(after, before)
  })
}

test('DOC-4: a class without descendants can be removed, with its attributes', () => {
  const hierarchy = boardHierarchy()
  hierarchy.apply(removeTx(Bug))
  assert.equal(hierarchy.findClass(Bug), undefined)
  hierarchy.apply(classTx('Bug', { kind: 0, label: 'Bug', extends: Task }))
  assert.equal(hierarchy.ownAttributes(Bug).size, 0)
})

test('DOC-5: attributes are inherited, the nearest one counts, and a change is seen at once', () => {
  const hierarchy = boardHierarchy()
  assert.equal(hierarchy.attributes(Bug).get('title')?.attributeOf, Task)
  assert.ok(hierarchy.attributes(Estimated).has('hours') && hierarchy.attributes(Estimated).has('title'))
  hierarchy.apply(attributeTx(Bug, 'title'))
  assert.equal(hierarchy.attributes(Bug).get('title')?.attributeOf, Bug)
  assert.equal(hierarchy.attributes(Task).get('title')?.attributeOf, Task)
})

test('DOC-5: a clone goes its own way', () => {
  const hierarchy = boardHierarchy()
  const clone = hierarchy.clone()
  clone.apply(removeTx(Bug))
  assert.ok(hierarchy.findClass(Bug) !== undefined && clone.findClass(Bug) === undefined)
})

function classTx(name: string, attributes: Record<string, unknown>): TxCUD {
  return createTx(attributes, {
    ...model,
    objectId: `board:class:${name}` as Ref,
    objectClass: core.class.Class,
  })
}

function attributeTx(attributeOf: string, name: string): TxCUD {
  const attributes = { attributeOf, name, type: { _class: core.class.TypeString } }
  return createTx(attributes, {
    ...model,
    objectId: 'new-attribute' as Ref,
    objectClass: core.class.Attribute,
  })
}

function removeTx(id: Ref): TxRemoveDoc {
  const { attributes: _, ...tx } = createTx({}, { ...model, objectId: id, objectClass: core.class.Class })
  return { ...tx, _class: core.class.TxRemoveDoc }
}

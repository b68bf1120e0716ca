import { describe, expect, test } from '@jest/globals'
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
import { expectFor, satisfying } from '../tests/support/expecting.ts'

describe('hierarchy', () => {
  test('DOC-1: the base model alone makes a hierarchy with every base class and its domain', () => {
    const hierarchy = hierarchyOf(baseModel)
    for (const id of Object.values(core.class)) expectFor(id, hierarchy.findClass(id)).toBeTruthy()
    const domainsOf = (['Class', 'Account', 'TxCreateDoc', 'Space', 'UserStatus', 'Doc'] as const).map(
      (name) => hierarchy.domainOf(core.class[name]),
    )
    expect(domainsOf).toStrictEqual(['model', 'model', 'tx', 'space', 'transient', undefined])
    expect(baseModel.every((tx) => tx.modifiedOn > 0 && tx.modifiedBy === core.account.System)).toBe(true)
  })

  test('DOC-2: a class is derived from itself, its ancestors and its interfaces, and an unknown class from nothing', () => {
    const hierarchy = boardHierarchy()
    expect(hierarchy.ancestors(Bug).slice(0, 4)).toStrictEqual([Bug, Task, core.class.AttachedDoc, Named])
    expect(
      hierarchy.isDerived(Bug, Bug) &&
        hierarchy.isDerived(Bug, core.class.Doc) &&
        hierarchy.isDerived(Bug, Named),
    ).toBe(true)
    expect(!hierarchy.isDerived(Task, Bug) && !hierarchy.isDerived('none:class:None', core.class.Doc)).toBe(
      true,
    )
    expect([...hierarchy.descendants(Task)]).toStrictEqual([Task, Bug, Estimated])
    expect(hierarchy.baseClass(Estimated)).toBe(Task)
    expect(() => hierarchy.getClass('toString')).toThrow(satisfying(coded('core:status:UnknownClass')))
  })

  test('DOC-3: the domain of a class is that of the nearest ancestor that names one', () => {
    const hierarchy = boardHierarchy()
    expect(hierarchy.domainOf(Bug)).toBe('task')
    expect(hierarchy.domains().get('task')).toStrictEqual([Task, Bug, Estimated])
    expect(hierarchy.domains().get('comment')).toStrictEqual([Comment])
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
  test.each(broken)(
    'DOC-4: an invalid model transaction is refused and changes nothing: %s',
    (_name, tx, code) => {
      const hierarchy = boardHierarchy()
      const before = [
        hierarchy.ancestors(Bug),
        [...hierarchy.attributes(Task)],
        hierarchy.descendants(core.class.Obj),
      ]
      expect(() => hierarchy.apply(tx)).toThrow(satisfying(coded(code)))
      const after = [
        hierarchy.ancestors(Bug),
        [...hierarchy.attributes(Task)],
        hierarchy.descendants(core.class.Obj),
      ]
      expect(after).toStrictEqual(before)
    },
  )

  test('DOC-4: a class without descendants can be removed, with its attributes', () => {
    const hierarchy = boardHierarchy()
    hierarchy.apply(removeTx(Bug))
    expect(hierarchy.findClass(Bug)).toBeUndefined()
    hierarchy.apply(classTx('Bug', { kind: 0, label: 'Bug', extends: Task }))
    expect(hierarchy.ownAttributes(Bug).size).toBe(0)
  })

  test('DOC-5: attributes are inherited, the nearest attribute of a name applies, and a change takes effect at once', () => {
    const hierarchy = boardHierarchy()
    expect(hierarchy.attributes(Bug).get('title')?.attributeOf).toBe(Task)
    expect(hierarchy.attributes(Estimated).has('hours') && hierarchy.attributes(Estimated).has('title')).toBe(
      true,
    )
    hierarchy.apply(attributeTx(Bug, 'title'))
    expect(hierarchy.attributes(Bug).get('title')?.attributeOf).toBe(Bug)
    expect(hierarchy.attributes(Task).get('title')?.attributeOf).toBe(Task)
  })

  test('DOC-5: a clone changes independently of its original', () => {
    const hierarchy = boardHierarchy()
    const clone = hierarchy.clone()
    clone.apply(removeTx(Bug))
    expect(hierarchy.findClass(Bug) !== undefined && clone.findClass(Bug) === undefined).toBe(true)
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
})

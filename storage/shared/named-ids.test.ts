import { describe, expect, test } from '@jest/globals'
import { core } from '../../model/identifiers.ts'
import { namedIds } from './named-ids.ts'

const fields = new Set(['title', 'space', 'test:mixin:Noted'])
const update = (operations: object) => ({ _class: core.class.TxUpdateDoc, objectId: 'a', operations })

describe('ids named by a transaction', () => {
  test('STO-81: full-text search reads the documents whose full-text fields a transaction may have changed', () => {
    const touching = [{ title: '' }, { 'title.de': '' }, { $unset: { title: '' } }, { rank: 1, space: 's' }]
    const pushing = { $pushMixin: { $mixin: 'test:mixin:Noted', values: {} } }
    for (const operations of [...touching, pushing])
      expect(namedIds(update(operations), fields)).toStrictEqual(['a'])

    const others = [{ titles: '' }, { $inc: { comments: 1 } }, { 'rank.title': 1 }, {}]
    const pushingOthers = { $pushMixin: { $mixin: 'test:mixin:Other', values: { title: '' } } }
    for (const operations of [...others, pushingOthers])
      expect(namedIds(update(operations), fields)).toStrictEqual([])
  })

  test('STO-81: full-text search reads documents that are created, removed or given a mixin, directly or inside another transaction', () => {
    const all = [core.class.TxCreateDoc, core.class.TxRemoveDoc, core.class.TxMixin]
    for (const _class of all) expect(namedIds({ _class, objectId: 'a' }, fields)).toStrictEqual(['a'])
    const attached = { _class: core.class.TxCollectionCUD, objectId: 'parent', tx: update({ title: '' }) }
    expect(namedIds(attached, fields)).toStrictEqual(['parent', 'a'])
    const several = { _class: core.class.TxApplyIf, txes: [attached, update({ rank: 1 })] }
    expect(namedIds(several, fields)).toStrictEqual(['parent', 'a'])
    expect(namedIds(several)).toStrictEqual(['parent', 'a', 'a'])
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { core } from '../../model/identifiers.ts'
import { namedIds } from './named-ids.ts'

const fields = new Set(['title', 'space', 'test:mixin:Noted'])
const update = (operations: object) => ({ _class: core.class.TxUpdateDoc, objectId: 'a', operations })

test('STO-81: full-text search looks at what a transaction may have changed of its fields', () => {
  const touching = [{ title: '' }, { 'title.de': '' }, { $unset: { title: '' } }, { rank: 1, space: 's' }]
  const pushing = { $pushMixin: { $mixin: 'test:mixin:Noted', values: {} } }
  for (const operations of [...touching, pushing])
    assert.deepEqual(namedIds(update(operations), fields), ['a'])

  const others = [{ titles: '' }, { $inc: { comments: 1 } }, { 'rank.title': 1 }, {}]
  const pushingOthers = { $pushMixin: { $mixin: 'test:mixin:Other', values: { title: '' } } }
  for (const operations of [...others, pushingOthers])
    assert.deepEqual(namedIds(update(operations), fields), [])
})

test('STO-81: full-text search looks at what is created, removed or mixed into, alone or within another', () => {
  const all = [core.class.TxCreateDoc, core.class.TxRemoveDoc, core.class.TxMixin]
  for (const _class of all) assert.deepEqual(namedIds({ _class, objectId: 'a' }, fields), ['a'])
  const attached = { _class: core.class.TxCollectionCUD, objectId: 'parent', tx: update({ title: '' }) }
  assert.deepEqual(namedIds(attached, fields), ['parent', 'a'])
  const several = { _class: core.class.TxApplyIf, txes: [attached, update({ rank: 1 })] }
  assert.deepEqual(namedIds(several, fields), ['parent', 'a'])
  assert.deepEqual(namedIds(several), ['parent', 'a', 'a'])
})

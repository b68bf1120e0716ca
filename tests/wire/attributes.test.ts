import { describe, expect, test } from '@jest/globals'
import type { Tx } from '../../model/transactions.ts'
import { WorkspaceModel } from '../../model/workspace-model.ts'
import { create, inEachSetting, Member, remove, update } from '../authority/members.ts'
import { RawClient } from '../support/raw-client.ts'
import { testServer } from '../support/test-server.ts'
import { change } from '../support/transactions.ts'
import { expectFor } from '../support/expecting.ts'

const Class = 'core:class:Class'
const Attribute = 'core:class:Attribute'
const Note = 'shop:class:Note'
const inModel = { space: 'core:space:Model' }
const number = { _class: 'core:class:TypeNumber' }
const admin = { admin: 'true' as const }

const declared = (name: string) => ({ attributeOf: Note, name, label: name, type: number })
const note = create(
  Note,
  Class,
  { kind: 0, label: 'Note', extends: 'core:class:Doc', domain: 'note' },
  inModel,
)

/** Created by a client for which attributes are attached to their class. */
function attached(id: string, name: string): object {
  const tx = change('core:class:TxCreateDoc', id, Attribute, inModel, { attributes: declared(name) })
  return change('core:class:TxCollectionCUD', Note, Class, inModel, { collection: 'attributes', tx })
}

/** A creation with its own attached fields. */
function attachedItself(id: string, name: string): object {
  const place = { attachedTo: Note, attachedToClass: Class, collection: 'attributes' }
  return change('core:class:TxCreateDoc', id, Attribute, inModel, { attributes: declared(name), ...place })
}

const made: Record<string, object> = {
  plain: create('shop:attribute:plain', Attribute, declared('plain'), inModel),
  attached: attached('shop:attribute:attached', 'attached'),
  itself: attachedItself('shop:attribute:itself', 'itself'),
}

await inEachSetting(({ name, encoding, flags }) => {
  test(`WIRE-209: an attribute is created by a plain creation, or attached to its class, ${name}`, async () => {
    const server = await testServer(flags())
    const root = await Member.enter(server, 'root', encoding)
    await root.does(note)
    for (const [attribute, tx] of Object.entries(made)) {
      expectFor(attribute, await root.tries(tx)).toStrictEqual({})
      const wrong = create(
        `wrong-${attribute}`,
        Note,
        { [attribute]: 'text' },
        { space: 'board:project:test' },
      )
      expectFor(attribute, await root.tries(wrong)).toBe('core:status:InvalidAttribute')
      const id = `shop:attribute:${attribute}`
      expect(await root.tries(update(id, Attribute, { label: 'new' }, inModel.space))).toStrictEqual({})
    }
    await root.client.close()
    // The workspace is opened from its log.
    const headers = { authorization: `Bearer ${server.token('root', '', admin)}` }
    const closed = await fetch(`${server.server.url}/api/v1/manage?operation=force-close&wsId=w1`, {
      method: 'PUT',
      headers,
    })
    expect(closed.status).toBe(200)
    const again = await Member.enter(server, 'root', encoding)
    const labels = await again.find<{ label: string }>(Attribute, { attributeOf: Note })
    expect(labels.map(({ label }) => label)).toStrictEqual(['new', 'new', 'new'])
    const right = { plain: 1, attached: 2, itself: 3 }
    expect(await again.tries(create('n1', Note, right, { space: 'board:project:test' }))).toStrictEqual({})
    // One kind is removed by its own transaction, the others with their class.
    expect(await again.tries(remove('shop:attribute:attached', Attribute, inModel))).toStrictEqual({})
    expect(await again.tries(remove('n1', Note, { space: 'board:project:test' }))).toStrictEqual({})
    expect(await again.tries(remove(Note, Class, inModel))).toStrictEqual({})
    expect(await again.ids(Attribute, { attributeOf: Note })).toStrictEqual([])
    for (const tx of [note, made['plain'] as object])
      expect(await again.tries({ ...tx, _id: `again-${(tx as Tx)._class}-${Math.random()}` })).toStrictEqual(
        {},
      )
  })
})

describe('attributes of classes', () => {
  test('WIRE-209: in the model of an existing client an attribute is not an attached document', async () => {
    const { url, token } = await testServer()
    const client = await RawClient.open(url, token('ann'))
    const txes = (await client.request('loadModel', [0])) as Tx[]
    const { hierarchy } = WorkspaceModel.of(txes)
    expect(hierarchy.isDerived(Attribute, 'core:class:AttachedDoc')).toBe(false)
    expect(hierarchy.isDerived(Attribute, 'core:class:Doc')).toBe(true)
    const attributes = (await client.request('findAll', [Attribute, {}])) as object[]
    expect(attributes.length).toBeGreaterThan(50)
    expect(attributes.every((each) => !('attachedTo' in each))).toBe(true)
  })

  test('WIRE-209: the removal of a class removes no attribute of another class', async () => {
    const server = await testServer()
    const root = await Member.enter(server, 'root', 'json')
    await root.does(note)
    const other = 'shop:class:Other'
    await root.does(
      create(other, Class, { kind: 0, label: 'Other', extends: 'core:class:Doc', domain: 'other' }, inModel),
    )
    const tx = change('core:class:TxCreateDoc', 'shop:attribute:odd', Attribute, inModel, {
      attributes: { ...declared('odd'), attributeOf: other },
    })
    await root.does(
      change('core:class:TxCollectionCUD', Note, Class, inModel, { collection: 'attributes', tx }),
    )
    await root.does(remove(Note, Class, inModel))
    expect(await root.ids(Attribute, { attributeOf: other })).toStrictEqual(['shop:attribute:odd'])
    const wrong = create('o1', other, { odd: 'text' }, { space: 'board:project:test' })
    expect(await root.tries(wrong)).toBe('core:status:InvalidAttribute')
  })
})

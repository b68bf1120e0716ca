import { describe, expect, test } from '@jest/globals'
import { arrayOf, enumOf, number, refTo, string } from './attribute-types.ts'
import { createModelBuilder, type ModelBuilder } from './builder.ts'
import type { DocumentOf } from './class-ref.ts'
import type { Account, AttachedDoc, Ref, Space } from './documents.ts'
import { Estimated, Task } from './fixture.ts'
import { core } from './identifiers.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function holds<_T extends true>(): void {}

describe('model builder', () => {
  test('DOC-41: the types of declared attributes are inferred', () => {
    type TaskDoc = DocumentOf<typeof Task>
    holds<Equal<TaskDoc['title'], string>>()
    holds<Equal<TaskDoc['state'], 'todo' | 'done'>>()
    holds<Equal<TaskDoc['votes'], number>>()
    holds<Equal<TaskDoc['assignee'], Ref<Account> | null | undefined>>()
    holds<Equal<TaskDoc['tags'], string[] | null | undefined>>()
    holds<Equal<TaskDoc['attachedTo'], Ref>>()
    holds<TaskDoc extends AttachedDoc ? true : false>()
    holds<Equal<DocumentOf<typeof Estimated>['hours'], number>>()
    holds<Equal<DocumentOf<typeof core.class.Space>, Space>>()
    // @ts-expect-error: votes have a number for a default
    number({ default: 'x' })
  })

  test('DOC-41: the same declarations give the same transactions, each class before its attributes', () => {
    const [first, second] = [declare(createModelBuilder('p')), declare(createModelBuilder('p'))]
    expect(first).toStrictEqual(second)
    const ids = first.map((tx) => (tx as unknown as { objectId: string }).objectId)
    expect(ids).toStrictEqual([
      'p:enum:Color',
      'p:class:Thing',
      'p:attribute:Thing.name',
      'p:attribute:Thing.colors',
      'p:attribute:Thing.owner',
    ])
    expect(new Set(first.map(({ _id }) => _id)).size).toBe(first.length)
    expect(first.every((tx) => tx.objectSpace === core.space.Model && tx.modifiedOn > 0)).toBe(true)
  })

  function declare(builder: ModelBuilder) {
    const color = builder.enum('Color', ['red', 'blue'])
    builder.class('Thing', {
      extends: core.class.Doc,
      domain: 'thing',
      indexes: [
        [
          ['name', 1],
          ['owner', -1],
        ],
      ],
      attributes: {
        name: string({ required: true, index: true, fullText: true }),
        colors: arrayOf(enumOf(color), { default: ['red'] }),
        owner: refTo(core.class.Account),
      },
    })
    return builder.transactions()
  }
})

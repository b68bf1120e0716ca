import { expect, test } from '@jest/globals'
import { applyTransaction } from '../../model/apply-transaction.ts'
import { MAX_VALUE_DEPTH } from '../../model/json-value.ts'
import { StatusError } from '../../model/status.ts'
import type { TxCUD } from '../../model/transactions.ts'
import { ann, testPipeline } from '../../tests/support/test-pipeline.ts'
import { applyIf, change } from '../../tests/support/transactions.ts'
import { satisfying } from '../../tests/support/expecting.ts'

const Loose = 'test:class:Loose'
const Mixin = 'test:mixin:Noted'

const updated = (operations: object) => change('core:class:TxUpdateDoc', 'd', Loose, {}, { operations })

function nest(levels: number): unknown {
  return levels === 0 ? 1 : { a: nest(levels - 1) }
}

function depth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Object.values(value).reduce<number>((most, member) => Math.max(most, depth(member)), 0)
}

const path = (name: string, length: number) => Array<string>(length).fill(name).join('.')

/** Updates whose operand of `levels` is placed in a document of `levels + above`. */
const updates: readonly (readonly [name: string, above: number, of: (value: unknown) => object])[] = [
  ['a field', 1, (value) => ({ x: value })],
  ['a path', 32, (value) => ({ [path('b', 32)]: value })],
  ['a path into a mixin', 32, (value) => ({ [`${Mixin}.${path('b', 31)}`]: value })],
  ['$push', 21, (value) => ({ $push: { [path('c', 20)]: value } })],
  ['$push of $each', 21, (value) => ({ $push: { [path('d', 20)]: { $each: [1, value], $position: 0 } } })],
  ['$move', 21, (value) => ({ $move: { [path('e', 20)]: { $value: value, $position: 0 } } })],
  [
    '$update',
    43,
    (value) => ({ $update: { [path('l', 20)]: { $query: { k: 1 }, $update: { [path('m', 22)]: value } } } }),
  ],
  ['$pushMixin', 22, (value) => ({ $pushMixin: { $mixin: Mixin, values: { [path('n', 20)]: value } } })],
]

const mixed = (value: unknown) =>
  change(
    'core:class:TxMixin',
    'd',
    Loose,
    {},
    { mixin: Mixin, attributes: { [`notes.${path('o', 29)}`]: value } },
  )

async function withDocument() {
  const { pipeline, find } = await testPipeline()
  await pipeline.tx(ann, change('core:class:TxCreateDoc', 'd', Loose, {}, { attributes: { title: 'x' } }))
  await pipeline.tx(ann, updated({ [path('l', 20)]: [{ k: 1 }] }))
  const stored = async () => (await find(Loose))[0]
  return { pipeline, stored }
}

function tooDeep(error: unknown): boolean {
  if (!(error instanceof StatusError)) return false
  const { code, params } = error.status
  return code === 'core:status:InvalidTransaction' && params['message'] === 'nested too deeply'
}

test.each([
  ...updates.map(([name, above, of]) => [name, above, (value: unknown) => updated(of(value))] as const),
  ['a mixin', 31, mixed] as const,
])('PIPE-76: %s makes a document of 64 levels, and is refused at 65', async (_name, above, tx) => {
  const { pipeline, stored } = await withDocument()
  const before = await stored()
  const deep = tx(nest(MAX_VALUE_DEPTH - above + 1))
  await expect(pipeline.tx(ann, deep)).rejects.toThrow(satisfying(tooDeep))
  await expect(pipeline.tx(ann, applyIf({ txes: [deep] }))).rejects.toThrow(satisfying(tooDeep))
  expect(await stored()).toStrictEqual(before)
  // The log of an older version may contain it.
  expect(depth(applyTransaction(before, deep as unknown as TxCUD))).toBe(MAX_VALUE_DEPTH + 1)
  await pipeline.tx(ann, tx(nest(MAX_VALUE_DEPTH - above)))
  expect(depth(await stored())).toBe(MAX_VALUE_DEPTH)
})

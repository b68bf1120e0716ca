import fc from 'fast-check'
import type { Doc } from '../../model/documents.ts'
import type {
  Condition,
  FindPlan,
  LookupPlan,
  Path,
  Projection,
  SortKey,
  Value,
} from '../../model/query/plan.ts'
import { mixin, task } from './fixture.ts'

const strings = fc.constantFrom(
  '',
  'a',
  'A',
  'ab',
  'a%',
  'é',
  'straße',
  'x\u0000y',
  '😀',
  '\uffee',
  '1',
  'true',
  '"q"',
  "'",
)
const numbers = fc.constantFrom(
  0,
  1,
  -1,
  2,
  0.5,
  0.1 + 0.2,
  1e21,
  -1e-7,
  2 ** 53,
  2 ** 60 + 1024,
  2 ** 63,
  5e-324,
)
const scalars: fc.Arbitrary<Value> = fc.oneof(strings, numbers, fc.boolean(), fc.constant(null))
const keys = fc.constantFrom('x', 'y', '0', 'a.b', 'q"', 'b\\s', 'tab\t', mixin)
const values: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: scalars },
  { weight: 1, arbitrary: fc.array(scalars, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.array(scalars, { maxLength: 2 }), { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.dictionary(keys, scalars, { maxKeys: 2, noNullPrototype: true }) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.oneof(
        scalars,
        fc.dictionary(keys, fc.oneof(scalars, fc.array(scalars)), { maxKeys: 2, noNullPrototype: true }),
      ),
      {
        maxLength: 3,
      },
    ),
  },
)

const ids = Array.from({ length: 12 }, (_, index) => `id-${index}`)
export const spaces = fc.constantFrom('space-a', 'space-b', 'Space-a', 'å')
const classes = fc.constantFrom('test:class:Task', 'test:class:Note')
const texts = fc.constantFrom('Hello world', 'wörld Ünicode', 'hell', 'naïve κόσμος', '', 'a-b c_d')

/** Attributes without a declared type hold any value. */
const fields = fc.record(
  {
    rank: fc.oneof({ weight: 6, arbitrary: strings }, { weight: 1, arbitrary: values }),
    free: values,
    deep: fc.oneof(
      values,
      fc.record({ x: values, y: values }),
      fc.array(fc.record({ x: values }), { maxLength: 2 }),
    ),
    [mixin]: fc.oneof(
      { weight: 4, arbitrary: fc.record({ price: numbers, label: texts }) },
      { weight: 1, arbitrary: values },
    ),
    title: texts,
    text: fc.oneof(texts, fc.array(texts, { maxLength: 2 })),
    ref: fc.oneof(fc.constantFrom(...ids), fc.constant(null)),
    refs: fc.oneof(fc.array(fc.constantFrom(...ids), { maxLength: 3 }), fc.constantFrom(...ids)),
    attachedTo: fc.constantFrom(...ids),
    createdOn: fc.integer({ min: 1, max: 5 }),
  },
  { requiredKeys: [] },
)

export const documents: fc.Arbitrary<Doc[]> = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom(...ids), classes, spaces, fc.integer({ min: 1, max: 4 }), fields)
    .map(([_id, _class, space, modifiedOn, rest]) => task(_id, { _class, space, modifiedOn, ...rest })),
  { maxLength: 12, selector: (doc) => doc._id },
)

const knownPaths: Path[] = [
  ...[
    '_id',
    '_class',
    'space',
    'modifiedOn',
    'createdOn',
    'attachedTo',
    'rank',
    'free',
    'deep',
    'ref',
    'refs',
  ].map((name) => [name]),
  ['deep', 'x'],
  ['deep', '0'],
  ['deep', '0', 'x'],
  ['deep', 'a.b'],
  ['free', 'x'],
  ['free', 'q"'],
  ['free', 'b\\s'],
  [mixin],
  [mixin, 'price'],
  [mixin, 'label'],
  ['refs', '1'],
  ['missing'],
]
const paths = fc.constantFrom(...knownPaths)
const operands = fc.oneof(values, fc.constantFrom<Value>(...ids, 'space-a', 'test:class:Task', 1, 2, 3))

function leaf(): fc.Arbitrary<Condition> {
  return fc.oneof(
    fc.record({ op: fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte'), path: paths, value: operands }),
    fc.record({
      op: fc.constantFrom('in', 'nin', 'all'),
      path: paths,
      values: fc.array(operands, { maxLength: 12 }),
    }),
    fc.record({ op: fc.constant('exists'), path: paths, value: fc.boolean() }),
    fc.record({ op: fc.constant('size'), path: paths, value: fc.integer({ min: 0, max: 3 }) }),
    fc.record({
      op: fc.constant('like'),
      path: paths,
      pattern: fc.constantFrom('%', 'a%', '%A', 'STRASSE', '%E%', 'id-1%', ''),
    }),
    fc.record({
      op: fc.constant('regex'),
      path: paths,
      source: fc.constantFrom('^a', 'B', '.', 'id-[13]'),
      flags: fc.constantFrom('', 'i'),
    }),
    fc.record({
      op: fc.constant('search'),
      text: fc.constantFrom('hello', 'WORLD hel', 'κόσ', 'ü', '', 'c d'),
      paths: fc.constantFrom<Path[][]>(
        [['title']],
        [['title'], ['text']],
        [['rank']],
        [[mixin, 'label'], ['text']],
      ),
    }),
  ) as fc.Arbitrary<Condition>
}

function composite(inner: fc.Arbitrary<Condition>): fc.Arbitrary<Condition> {
  const ops = fc.constantFrom<('all-of' | 'any-of' | 'none-of')[]>('all-of', 'any-of', 'none-of')
  return fc.record({ op: ops, conditions: fc.array(inner, { maxLength: 3 }) })
}

const simple = fc.oneof({ weight: 3, arbitrary: leaf() }, { weight: 1, arbitrary: composite(leaf()) })

const lookups: fc.Arbitrary<LookupPlan[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('one', 'many', 'other'),
    direction: fc.constantFrom('forward', 'reverse'),
    path: fc.constantFrom<Path[]>(['ref'], ['refs'], ['attachedTo'], ['deep', 'x'], ['free']),
    domain: fc.constantFrom('task', 'none', 'note'),
    condition: fc.oneof(fc.constant<Condition>({ op: 'all-of', conditions: [] }), leaf()),
    nested: fc.constantFrom<LookupPlan[][]>(
      [],
      [
        {
          name: 'inner',
          direction: 'forward',
          path: ['ref'],
          domain: 'task',
          condition: { op: 'all-of', conditions: [] },
          nested: [],
        },
      ],
    ),
  }),
  { maxLength: 2, selector: (lookup) => lookup.name },
)

const orders = fc.constantFrom<(1 | -1)[]>(1, -1)

const caseIndexes = fc.oneof(
  fc.integer({ min: 0, max: 4 }),
  fc.constantFrom('', '1', '10', '2', 'a', 'b', 'ä', '\u{1f600}', '\uffee'),
)

const sortKeys: fc.Arbitrary<SortKey> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ path: paths, order: orders }) },
  {
    weight: 1,
    arbitrary: fc.record({
      path: paths,
      order: orders,
      cases: fc.array(fc.record({ condition: leaf(), index: caseIndexes }), {
        maxLength: 3,
      }),
      default: fc.constantFrom(undefined, 2, 'b'),
    }),
  },
)

const projections: fc.Arbitrary<Projection | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.array(paths, { maxLength: 3 }).map((include) => ({ include })) },
  { weight: 1, arbitrary: fc.array(paths, { maxLength: 3 }).map((exclude) => ({ exclude })) },
)

export const plans: fc.Arbitrary<FindPlan> = fc
  .record({
    condition: fc
      .array(simple, { maxLength: 3 })
      .map((conditions): Condition => ({ op: 'all-of', conditions })),
    sort: fc.array(sortKeys, { maxLength: 2 }),
    limit: fc.constantFrom(undefined, 0, 1, 3, 50),
    projection: projections,
    total: fc.boolean(),
    lookups: fc.oneof(
      { weight: 2, arbitrary: fc.constant<LookupPlan[]>([]) },
      { weight: 1, arbitrary: lookups },
    ),
    joined: fc.option(simple, { nil: undefined }),
    sortJoined: fc.option(sortKeys, { nil: undefined }),
  })
  .map(({ joined, sortJoined, condition, sort, ...rest }): FindPlan => {
    const name = rest.lookups[0]?.name
    if (name === undefined) return { domain: 'task', condition, sort, ...rest }
    const joins: Condition[] = joined === undefined ? [] : [{ op: 'lookup', name, condition: joined }]
    const keys = sortJoined === undefined ? sort : [{ ...sortJoined, lookup: name }, ...sort]
    return {
      domain: 'task',
      condition: { op: 'all-of', conditions: [condition, ...joins] },
      sort: keys,
      ...rest,
    }
  })

import { Packr } from 'msgpackr'
import { applyIf, comment, createTask, removeTask, updateTask } from '../support/transactions.ts'

/** A message of a WebSocket. */
export interface FuzzMessage {
  data: Buffer
  isBinary: boolean
}

type Random = () => number

const packr = new Packr({ structuredClone: true, bundleStrings: true })
/** Without the extensions of msgpackr: what another implementation sends. */
const plainPackr = new Packr({ useRecords: false })

const classes = [
  'board:class:Task',
  'board:class:Comment',
  'core:class:Class',
  'core:class:UserStatus',
  'core:class:Tx',
  'x',
]
const methods = [
  'ping',
  'findAll',
  'query',
  'tx',
  'loadModel',
  'getAccount',
  'searchFulltext',
  'measure',
  'measure-done',
  'hello',
  'authenticate',
  'loadChunk',
  'loadDocs',
  'closeChunk',
  'upload',
  'clean',
  'getDomainHash',
  'forceClose',
  '#upgrading',
  'no such method',
]
const patterns = ['^a', '^.*.*.*.*.*x$', '(a+)+$', '(a|aa)+$', '[', '(?=a)', '\\1', 'a{1000}{1000}', '😀', '']

const scalars: readonly unknown[] = [
  0,
  -0,
  1,
  -1,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  NaN,
  Infinity,
  null,
  true,
  '',
  'a',
  '\u0000',
  '\ud800',
  '__proto__',
  'constructor',
  '$in',
  'x'.repeat(5000),
  '%'.repeat(100),
  '\u202e',
]

/** One of the values, which may be `undefined`. */
function pick<T>(random: Random, values: readonly T[]): T {
  // The index is below the length.
  return values[Math.floor(random() * values.length)] as T
}

/** A random value, nested to a random depth. */
function value(random: Random, depth = 0): unknown {
  const kind = random()
  if (kind < 0.02) return undefined
  if (depth > 6 || kind < 0.55) return pick(random, scalars)
  const size = Math.floor(random() * 5)
  if (kind < 0.75) return Array.from({ length: size }, () => value(random, depth + 1))
  const keys = [
    '_id',
    '_class',
    'title',
    '$in',
    '$regex',
    '$like',
    '$push',
    '$each',
    '$lookup',
    'a.b.c',
    '$',
    'then',
  ]
  return Object.fromEntries(
    Array.from({ length: size }, () => [pick(random, keys), value(random, depth + 1)]),
  )
}

function query(random: Random): unknown {
  return pick(random, [
    {},
    { _id: { $regex: pick(random, patterns), $options: pick(random, ['', 'i', 'ms', 'x']) } },
    { title: { $like: pick(random, ['%', '%a%b%c%', '\\', '%'.repeat(999)]) } },
    { _id: { $in: Array.from({ length: Math.floor(random() * 300) }, (_, at) => `t${at}`) } },
    { $search: pick(random, ['a', 'a b c d', '"', '*'.repeat(200)]) },
    { title: value(random) },
    value(random),
  ])
}

function transaction(random: Random): unknown {
  const id = pick(random, ['t1', 't2', 't3', '', 'core:class:Class'])
  const target = { by: 'account:fuzz' }
  return pick(random, [
    createTask(`t${Math.floor(random() * 50)}`, { title: 'fuzz' }, target),
    updateTask(id, { title: value(random) }, target),
    updateTask(
      id,
      { [pick(random, ['$push', '$pull', '$inc', '$move', '$unset', '$x'])]: value(random) },
      target,
    ),
    updateTask(
      id,
      { $push: { labels: { $each: ['a'], $position: pick(random, [0, -1, 1e9, NaN]) } } },
      target,
    ),
    removeTask(id, target),
    comment(id, 'c1', target),
    applyIf({ match: [{ _class: pick(random, classes), query: query(random) }], txes: [] }, target),
    {
      ...createTask('t9', {}, target),
      [pick(random, ['_class', 'space', 'objectId', 'modifiedBy', 'attributes'])]: value(random),
    },
    value(random),
  ])
}

/** A request as a client may send it, right in most of its parts. */
function request(random: Random, id: number): unknown {
  const kind = random()
  if (kind < 0.1) return value(random)
  if (kind < 0.35) return { id, method: 'tx', params: [transaction(random)] }
  if (kind < 0.6) {
    const options = pick(random, [
      {},
      { limit: pick(random, [1, -1, 1e12]) },
      { sort: { title: 1 } },
      value(random),
    ])
    return {
      id,
      method: pick(random, ['findAll', 'query']),
      params: [pick(random, classes), query(random), options],
    }
  }
  if (kind < 0.7)
    return { id, method: 'hello', params: [], protocol: pick(random, [1, 2, 3]), resume: value(random) }
  return {
    id,
    method: pick(random, methods),
    params: pick(random, [[], [value(random)], [value(random), value(random)]]),
  }
}

/** Bytes changed, removed, repeated or inserted at random places. */
export function mutated(random: Random, data: Buffer): Buffer {
  let bytes = Buffer.from(data)
  for (let changes = 1 + Math.floor(random() * 4); changes > 0 && bytes.length > 0; changes--) {
    const at = Math.floor(random() * bytes.length)
    const size = Math.floor(random() * 8)
    const kind = random()
    if (kind < 0.5) bytes[at] = Math.floor(random() * 256)
    else if (kind < 0.65) bytes = bytes.subarray(0, at)
    else if (kind < 0.8) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - size * 4))])
  }
  return bytes
}

/** Frames whose content is far larger than they are. */
function bomb(random: Random): FuzzMessage {
  const binary = (...bytes: number[]): FuzzMessage => ({ data: Buffer.from(bytes), isBinary: true })
  const deep = 100 + Math.floor(random() * 20_000)
  const levels: unknown[] = [[1]]
  for (let at = 0; at < 25; at++) levels.push([levels.at(-1), levels.at(-1)])
  return pick<() => FuzzMessage>(random, [
    () => ({ data: Buffer.from(`{"id":1,"method":"ping","params":${'['.repeat(deep)}`), isBinary: false }),
    () => ({ data: Buffer.from('{"a":'.repeat(deep)), isBinary: false }),
    () => ({ data: Buffer.alloc(deep, 0x91), isBinary: true }),
    () => ({ data: packr.pack({ id: 1, method: 'tx', params: [levels.at(-1)] }), isBinary: true }),
    () => binary(0xdd, 0xff, 0xff, 0xff, 0xff),
    () => binary(0xdf, 0x7f, 0xff, 0xff, 0xff, 0xa1, 0x61),
    () => binary(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61),
    () => binary(0xc9, 0x7f, 0xff, 0xff, 0xff, 0x65, 0x91, 0x01),
    () => binary(0xd6, 0x70, 0, 0, 0, Math.floor(random() * 16)),
    () => ({
      data: packr.pack([new Map([[1, 2]]), new Set([1]), new Date(NaN), /(a+)+$/, new Error('x')]),
      isBinary: true,
    }),
    () => ({
      data: packr.pack({ id: 1, method: 'tx', params: [new Float64Array(9), 2n ** 70n, undefined] }),
      isBinary: true,
    }),
  ])()
}

/** The next message of a fuzz run. Text is UTF-8, as anything else ends the connection: see `raw-connections.ts`. */
export function fuzzMessage(random: Random, id: number): FuzzMessage {
  const message = anyMessage(random, id)
  if (message.isBinary) return message
  return { ...message, data: Buffer.from(message.data.toString('utf8')) }
}

function anyMessage(random: Random, id: number): FuzzMessage {
  const kind = random()
  if (kind < 0.04) return bomb(random)
  if (kind < 0.08) {
    const data = Buffer.from(
      Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)),
    )
    return { data, isBinary: random() < 0.5 }
  }
  const isBinary = random() < 0.5
  const frame = request(random, id)
  const data = isBinary
    ? Buffer.from((random() < 0.7 ? packr : plainPackr).pack(frame))
    : Buffer.from(JSON.stringify(frame) ?? 'null')
  return { data: random() < 0.5 ? mutated(random, data) : data, isBinary }
}

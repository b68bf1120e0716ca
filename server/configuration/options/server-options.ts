import { z } from 'zod'
import { duration } from './duration.ts'
import { listenAddress } from './listen-address.ts'
import { derivedWhole, flag, list, oneOf, optional, rereads, text, whole, type Option } from './option.ts'
import { isSecret, MAKE_SECRET, MIN_SECRET } from './secret-strength.ts'

/** The process, its model and its start and stop. */
export const serverOptions = {
  config: optional(
    'ATRIUM_CONFIG',
    'File of more options, one ATRIUM_NAME=value a line; the environment takes precedence. Read again on SIGHUP.',
  ),
  host: listenAddress('ATRIUM_HOST', 'Address to listen on.'),
  port: whole('ATRIUM_PORT', 3333, 'Port to listen on; 0 picks a free one.', 0, 65_535),
  data: text('ATRIUM_DATA', './data', 'Folder of all stored files.'),
  secret: {
    ...optional(
      'ATRIUM_SECRET',
      'Signs tokens. By default generated on the first start, and stored in the data folder.',
    ),
    schema: z.string().refine(isSecret).optional(),
    allowed: `at least ${MIN_SECRET} bytes, which \`${MAKE_SECRET}\` makes`,
    secret: true,
    rereads: true,
  },
  publicUrl: {
    rereads: true,
    ...optional(
      'ATRIUM_PUBLIC_URL',
      'WebSocket address that clients are told to connect to, with the path of a proxy, if there is one.',
    ),
    schema: z.url({ protocol: /^wss?$/ }).optional(),
    allowed: 'a ws(s) URL',
  },
  modules: list(
    'ATRIUM_MODULES',
    'board',
    'Modules to load: names of examples, packages or paths, separated by commas.',
  ),
  modelChanges: oneOf(
    'ATRIUM_MODEL_CHANGES',
    ['maintainers', 'nobody'],
    'maintainers',
    'Who may change classes of the application at run time: owners and maintainers, or nobody.',
  ),
  imports: oneOf(
    'ATRIUM_IMPORTS',
    ['nobody', 'owners', 'maintainers'],
    'nobody',
    'Who may import documents with their original times: nobody, owners, or maintainers too.',
  ),
  demo: flag('ATRIUM_DEMO', '1', 'Whether the first start fills the demo workspace.'),
  strict: flag(
    'ATRIUM_STRICT',
    '1',
    'Whether classes of modules refuse undeclared fields, and missing spaces and parents; 0 for older clients.',
  ),
  modelVersion: {
    ...text('ATRIUM_MODEL_VERSION', '0.1.0', 'Model version that a workspace needs to admit people.'),
    schema: z.string().regex(/^\d+\.\d+\.\d+$/),
    allowed: 'major.minor.patch',
  },
  productId: text('ATRIUM_PRODUCT_ID', '', 'Product that tokens have to be for; empty: any.', ''),
  logLevel: rereads(
    oneOf(
      'ATRIUM_LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      'info',
      'Lowest level that is logged.',
    ),
  ),
  memory: derivedWhole(
    'ATRIUM_MEMORY',
    '80% of the memory of the container or the machine',
    'Bytes of memory from which on new work is refused.',
    256 * 1024 * 1024,
    2 ** 45,
  ),
  openTimeout: duration('ATRIUM_OPEN_TIMEOUT', '30s', 'Timeout of opening and closing a workspace.', {
    unit: 's',
    least: '1s',
  }),
  upgradeNotice: duration(
    'ATRIUM_UPGRADE_NOTICE',
    '1s',
    'Time that clients have to acknowledge an upgrade.',
    { unit: 'ms', least: '0ms' },
  ),
  closeTimeout: duration(
    'ATRIUM_CLOSE_TIMEOUT',
    '1s',
    'Time that clients have for the closing handshake when the server stops.',
    { unit: 'ms', least: '0ms' },
  ),
  stopTimeout: duration('ATRIUM_STOP_TIMEOUT', '10s', 'Timeout of each step of a graceful stop.', {
    unit: 's',
    least: '1s',
  }),
} satisfies Record<string, Option>

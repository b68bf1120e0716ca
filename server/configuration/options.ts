import { isIPv6 } from 'node:net'
import { z } from 'zod'
import { duration } from './duration.ts'
import { flag, list, oneOf, type Option, optional, rereads, separated, text, whole } from './option.ts'
import { isSecret, MAKE_SECRET, MIN_SECRET } from './secret-strength.ts'

/** Every option. The flag of `ATRIUM_MAX_PAYLOAD` is `--max-payload`. */
export const options = {
  config: optional(
    'ATRIUM_CONFIG',
    'File of more options, one ATRIUM_NAME=value a line; the environment takes precedence. Read again on SIGHUP.',
  ),
  host: {
    ...text('ATRIUM_HOST', '127.0.0.1', 'Address to listen on.'),
    schema: z
      .string()
      .min(1)
      .transform(withoutBrackets)
      .refine((host) => isIPv6(host) || /^[^\s:[\]/]+$/.test(host)),
    allowed: 'an address or a name of this machine, without a port',
  },
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
  storage: oneOf(
    'ATRIUM_STORAGE',
    ['embedded', 'mongodb', 'memory'],
    'embedded',
    'Storage of documents: embedded (SQLite files), mongodb (needs ATRIUM_MONGO_URL) or memory.',
  ),
  mongoUrl: {
    ...optional('ATRIUM_MONGO_URL', 'MongoDB connection string, for mongodb storage.'),
    secret: true,
  },
  mongoPrefix: {
    ...text(
      'ATRIUM_MONGO_PREFIX',
      'atrium-',
      'Prefix of the names of databases: a different one for each of several servers on one MongoDB.',
    ),
    schema: z.string().regex(/^[a-z0-9_-]{0,20}$/),
    allowed: 'at most 20 of a-z, 0-9, - and _',
  },
  mongoTimeout: duration('ATRIUM_MONGO_TIMEOUT', '30s', 'Timeout of a command to MongoDB.', {
    unit: 's',
    least: '1s',
    most: '3600s',
  }),
  mongoRetry: duration(
    'ATRIUM_MONGO_RETRY',
    '30s',
    'Time in which a failed command to MongoDB is tried again; an election takes 10 to 12 seconds.',
    { unit: 's', least: '0s', most: '3600s' },
  ),
  mongoWait: duration('ATRIUM_MONGO_WAIT', '1m', 'Time that a start waits for MongoDB.', {
    unit: 's',
    least: '0s',
    most: '86400s',
  }),
  redisUrl: {
    ...optional('ATRIUM_REDIS_URL', 'Redis connection string, for later versions; only doctor checks it.'),
    secret: true,
  },
  accounts: {
    ...text(
      'ATRIUM_ACCOUNTS',
      'builtin',
      'The accounts service: built-in, none (every valid token is admitted), or a URL.',
    ),
    schema: z.union([z.enum(['builtin', 'none']), z.url({ protocol: /^https?$/ })]),
    allowed: 'builtin, none, or an http(s) URL',
  },
  systemEmails: {
    ...list(
      'ATRIUM_SYSTEM_EMAILS',
      '',
      'Further emails with which the system signs in, separated by commas; the spelling is exact.',
    ),
    schema: z
      .string()
      .transform(separated)
      .pipe(
        z.array(
          z
            .string()
            .max(256)
            .regex(/^[^\s@]+@[^\s@]+$/),
        ),
      ),
    allowed: 'emails separated by commas',
  },
  signup: rereads(
    oneOf('ATRIUM_SIGNUP', ['open', 'closed'], 'open', 'Whether anyone may create an account.'),
  ),
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
  origins: rereads(
    list('ATRIUM_ORIGINS', '', 'Origins from which browsers may connect, separated by commas; empty: any.'),
  ),
  logLevel: rereads(
    oneOf(
      'ATRIUM_LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      'info',
      'Lowest level that is logged.',
    ),
  ),
  tokenTtl: rereads(
    duration('ATRIUM_TOKEN_TTL', '1d', 'Lifetime of a token of the built-in accounts.', {
      unit: 's',
      least: '1s',
    }),
  ),
  loginMaxAge: rereads(
    duration(
      'ATRIUM_LOGIN_MAX_AGE',
      '30d',
      'Time after a login in which its tokens are renewed; none of them is valid longer.',
      { unit: 's', least: '1s' },
    ),
  ),
  maxPayload: whole(
    'ATRIUM_MAX_PAYLOAD',
    64 * 1024 * 1024,
    'Maximum bytes of a message from a client.',
    1024,
    1024 * 1024 * 1024,
  ),
  maxOpenFiles: whole(
    'ATRIUM_MAX_OPEN_FILES',
    256,
    'Maximum open workspace files; the least recently used ones are closed.',
    1,
  ),
  writers: whole('ATRIUM_WRITERS', 1, 'Threads that write to SQLite storage.', 1, 64),
  readers: whole('ATRIUM_READERS', 1, 'Threads that read from SQLite storage.', 1, 64),
  chunkCount: whole('ATRIUM_CHUNK_COUNT', 1000, 'Maximum documents in one frame of a response.', 1),
  chunkBytes: whole(
    'ATRIUM_CHUNK_BYTES',
    1024 * 1024,
    'Maximum bytes of documents in one frame of a response.',
    1024,
  ),
  loadedSessions: whole(
    'ATRIUM_LOADED_SESSIONS',
    1000,
    'Number of sessions at which the server counts as loaded.',
    1,
  ),
  loadedChunkCount: whole(
    'ATRIUM_LOADED_CHUNK_COUNT',
    250,
    'ATRIUM_CHUNK_COUNT while the server is loaded.',
    1,
  ),
  loadedChunkBytes: whole(
    'ATRIUM_LOADED_CHUNK_BYTES',
    256 * 1024,
    'ATRIUM_CHUNK_BYTES while the server is loaded.',
    1024,
  ),
  earlyMessages: whole(
    'ATRIUM_EARLY_MESSAGES',
    1000,
    'Maximum messages kept for a session that is not open yet.',
    1,
  ),
  earlyBytes: whole(
    'ATRIUM_EARLY_BYTES',
    64 * 1024 * 1024,
    'Maximum bytes kept for a session that is not open yet.',
    1024,
  ),
  maxResume: whole(
    'ATRIUM_MAX_RESUME',
    10_000,
    'Maximum transactions of a resume; a client that missed more reloads.',
    0,
  ),
  concurrentRequests: whole(
    'ATRIUM_CONCURRENT_REQUESTS',
    32,
    'Maximum requests of one session that run at once.',
    1,
  ),
  maxWaitingCommits: whole(
    'ATRIUM_MAX_WAITING_COMMITS',
    10_000,
    'Maximum transactions of a workspace that wait for their commit.',
    1,
  ),
  maxSessions: rereads(whole('ATRIUM_MAX_SESSIONS', 100_000, 'Maximum sessions of the server.', 1)),
  maxWorkspaceSessions: rereads(
    whole('ATRIUM_MAX_WORKSPACE_SESSIONS', 10_000, 'Maximum sessions of a workspace.', 1),
  ),
  maxAccountSessions: rereads(
    whole('ATRIUM_MAX_ACCOUNT_SESSIONS', 1000, 'Maximum sessions of an account in a workspace.', 1),
  ),
  outboxBytes: whole(
    'ATRIUM_OUTBOX_BYTES',
    16 * 1024 * 1024,
    'Maximum bytes that wait for a slow reader.',
    1024,
  ),
  outboxMessages: whole('ATRIUM_OUTBOX_MESSAGES', 10_000, 'Maximum messages that wait for a slow reader.', 1),
  pingInterval: duration(
    'ATRIUM_PING_INTERVAL',
    '10s',
    'Time between pings; two pings without a pong end a session.',
    { unit: 's', least: '1s' },
  ),
  reconnectWindow: duration(
    'ATRIUM_RECONNECT_WINDOW',
    '30s',
    'Time after its end in which a session can come back.',
    { unit: 's', least: '0s' },
  ),
  idleTimeout: duration(
    'ATRIUM_IDLE_TIMEOUT',
    '1m',
    'Time without users after which a workspace is closed.',
    {
      unit: 's',
      least: '0s',
    },
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
  accountsTimeout: duration('ATRIUM_ACCOUNTS_TIMEOUT', '5s', 'Timeout of a call to the accounts service.', {
    unit: 'ms',
    least: '1ms',
  }),
  accountsTries: whole(
    'ATRIUM_ACCOUNTS_TRIES',
    3,
    'Calls to the accounts service before it counts as down.',
    1,
  ),
  accountsCache: duration(
    'ATRIUM_ACCOUNTS_CACHE',
    '5s',
    'Time for which a response of the accounts service is cached.',
    {
      unit: 'ms',
      least: '0ms',
    },
  ),
  accountsGrace: duration(
    'ATRIUM_ACCOUNTS_GRACE',
    '15m',
    'Time for which known tokens stay valid while the accounts service is down.',
    {
      unit: 's',
      least: '0s',
    },
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

export type OptionName = keyof typeof options

/** An IPv6 address as it stands in a URL. */
function withoutBrackets(host: string): string {
  const inner = /^\[(.*)\]$/.exec(host)?.[1]
  return inner !== undefined && isIPv6(inner) ? inner : host
}

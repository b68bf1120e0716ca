import { isIPv6 } from 'node:net'
import { z } from 'zod'
import { duration } from './duration.ts'
import { flag, list, oneOf, type Option, optional, rereads, separated, text, whole } from './option.ts'
import { isSecret, MAKE_SECRET, MIN_SECRET } from './secret-strength.ts'

/** Every option. The flag of `ATRIUM_MAX_PAYLOAD` is `--max-payload`. */
export const options = {
  config: optional(
    'ATRIUM_CONFIG',
    'File of more options, one ATRIUM_NAME=value a line; the environment goes before it. SIGHUP has it read again.',
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
  data: text('ATRIUM_DATA', './data', 'Folder for everything that is kept on disk.'),
  secret: {
    ...optional('ATRIUM_SECRET', 'Signs tokens. Made on the first start, and kept in the data folder.'),
    schema: z.string().refine(isSecret).optional(),
    allowed: `at least ${MIN_SECRET} bytes, which \`${MAKE_SECRET}\` makes`,
    secret: true,
    rereads: true,
  },
  publicUrl: {
    rereads: true,
    ...optional(
      'ATRIUM_PUBLIC_URL',
      'WebSocket address clients are told to connect to, with the path of the proxy before it where there is one.',
    ),
    schema: z.url({ protocol: /^wss?$/ }).optional(),
    allowed: 'a ws(s) URL',
  },
  storage: oneOf(
    'ATRIUM_STORAGE',
    ['embedded', 'mongodb', 'memory'],
    'embedded',
    'Where documents are kept; mongodb needs ATRIUM_MONGO_URL.',
  ),
  mongoUrl: {
    ...optional('ATRIUM_MONGO_URL', 'MongoDB connection string, for mongodb storage.'),
    secret: true,
  },
  mongoPrefix: {
    ...text(
      'ATRIUM_MONGO_PREFIX',
      'atrium-',
      'What names of databases begin with: one for each of several servers on one MongoDB.',
    ),
    schema: z.string().regex(/^[a-z0-9_-]{0,20}$/),
    allowed: 'at most 20 of a-z, 0-9, - and _',
  },
  mongoTimeout: duration('ATRIUM_MONGO_TIMEOUT', '30s', 'Time MongoDB has to answer a command.', {
    unit: 's',
    least: '1s',
    most: '3600s',
  }),
  mongoRetry: duration(
    'ATRIUM_MONGO_RETRY',
    '30s',
    'Time in which what failed on MongoDB is tried again: an election takes 10 to 12.',
    { unit: 's', least: '0s', most: '3600s' },
  ),
  mongoWait: duration('ATRIUM_MONGO_WAIT', '1m', 'Time that a start waits for MongoDB to be there.', {
    unit: 's',
    least: '0s',
    most: '86400s',
  }),
  redisUrl: { ...optional('ATRIUM_REDIS_URL', 'Redis connection string, for many nodes.'), secret: true },
  accounts: {
    ...text(
      'ATRIUM_ACCOUNTS',
      'builtin',
      'The accounts service: built in, none (tokens alone are trusted), or a URL.',
    ),
    schema: z.union([z.enum(['builtin', 'none']), z.url({ protocol: /^https?$/ })]),
    allowed: 'builtin, none, or an http(s) URL',
  },
  systemEmails: {
    ...list(
      'ATRIUM_SYSTEM_EMAILS',
      '',
      'Emails as which the system signs in, beside system, by comma; spelled just so.',
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
    'Modules to load: names of examples, packages or paths, by comma.',
  ),
  modelChanges: oneOf(
    'ATRIUM_MODEL_CHANGES',
    ['maintainers', 'nobody'],
    'maintainers',
    'Who changes classes of the application at run time: owners and maintainers, or nobody.',
  ),
  imports: oneOf(
    'ATRIUM_IMPORTS',
    ['nobody', 'owners', 'maintainers'],
    'nobody',
    'Who imports: their transactions keep the time they bring, as those of tools do; owners, or maintainers too.',
  ),
  demo: flag('ATRIUM_DEMO', '1', 'Fill the demo workspace on the first start.'),
  strict: flag(
    'ATRIUM_STRICT',
    '1',
    'Classes of modules refuse undeclared fields, and spaces and parents that are not there; 0 for clients of old.',
  ),
  modelVersion: {
    ...text('ATRIUM_MODEL_VERSION', '0.1.0', 'Model version workspaces must have to let people in.'),
    schema: z.string().regex(/^\d+\.\d+\.\d+$/),
    allowed: 'major.minor.patch',
  },
  productId: text('ATRIUM_PRODUCT_ID', '', 'Product that tokens must be for; empty: any.', ''),
  origins: rereads(list('ATRIUM_ORIGINS', '', 'Origins browsers may connect from, by comma; empty: any.')),
  logLevel: rereads(
    oneOf(
      'ATRIUM_LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'silent'],
      'info',
      'Least level that is logged.',
    ),
  ),
  tokenTtl: rereads(
    duration('ATRIUM_TOKEN_TTL', '1d', 'Time a token of the built-in accounts lives.', {
      unit: 's',
      least: '1s',
    }),
  ),
  loginMaxAge: rereads(
    duration(
      'ATRIUM_LOGIN_MAX_AGE',
      '30d',
      'Time after a login in which its tokens are renewed; none of them lives longer.',
      { unit: 's', least: '1s' },
    ),
  ),
  maxPayload: whole(
    'ATRIUM_MAX_PAYLOAD',
    64 * 1024 * 1024,
    'Bytes of the largest message a client may send.',
    1024,
    1024 * 1024 * 1024,
  ),
  maxOpenFiles: whole(
    'ATRIUM_MAX_OPEN_FILES',
    256,
    'Workspace files that stay open; more are closed by least recent use.',
    1,
  ),
  writers: whole('ATRIUM_WRITERS', 1, 'Threads that write to embedded storage.', 1, 64),
  readers: whole('ATRIUM_READERS', 1, 'Threads that read from embedded storage.', 1, 64),
  chunkCount: whole('ATRIUM_CHUNK_COUNT', 1000, 'Documents in one frame of an answer.', 1),
  chunkBytes: whole('ATRIUM_CHUNK_BYTES', 1024 * 1024, 'Bytes of documents in one frame of an answer.', 1024),
  loadedSessions: whole(
    'ATRIUM_LOADED_SESSIONS',
    1000,
    'Sessions from which on the server counts as loaded.',
    1,
  ),
  loadedChunkCount: whole('ATRIUM_LOADED_CHUNK_COUNT', 250, 'ATRIUM_CHUNK_COUNT while it is loaded.', 1),
  loadedChunkBytes: whole(
    'ATRIUM_LOADED_CHUNK_BYTES',
    256 * 1024,
    'ATRIUM_CHUNK_BYTES while it is loaded.',
    1024,
  ),
  earlyMessages: whole('ATRIUM_EARLY_MESSAGES', 1000, 'Messages kept of a session that is not open yet.', 1),
  earlyBytes: whole(
    'ATRIUM_EARLY_BYTES',
    64 * 1024 * 1024,
    'Bytes kept of a session that is not open yet.',
    1024,
  ),
  maxResume: whole(
    'ATRIUM_MAX_RESUME',
    10_000,
    'Transactions a client that comes back is sent at most; one that missed more starts anew.',
    0,
  ),
  concurrentRequests: whole('ATRIUM_CONCURRENT_REQUESTS', 32, 'Requests of one session that run at once.', 1),
  maxWaitingCommits: whole(
    'ATRIUM_MAX_WAITING_COMMITS',
    10_000,
    'Transactions of a workspace that may wait for their commit.',
    1,
  ),
  maxSessions: rereads(whole('ATRIUM_MAX_SESSIONS', 100_000, 'Sessions of the server.', 1)),
  maxWorkspaceSessions: rereads(
    whole('ATRIUM_MAX_WORKSPACE_SESSIONS', 10_000, 'Sessions of a workspace.', 1),
  ),
  maxAccountSessions: rereads(
    whole('ATRIUM_MAX_ACCOUNT_SESSIONS', 1000, 'Sessions of an account in a workspace.', 1),
  ),
  outboxBytes: whole('ATRIUM_OUTBOX_BYTES', 16 * 1024 * 1024, 'Bytes that may wait for a slow reader.', 1024),
  outboxMessages: whole('ATRIUM_OUTBOX_MESSAGES', 10_000, 'Messages that may wait for a slow reader.', 1),
  pingInterval: duration(
    'ATRIUM_PING_INTERVAL',
    '10s',
    'Time between pings; two unanswered ones end a session.',
    { unit: 's', least: '1s' },
  ),
  reconnectWindow: duration(
    'ATRIUM_RECONNECT_WINDOW',
    '30s',
    'Time in which a session may take up where it was.',
    { unit: 's', least: '0s' },
  ),
  idleTimeout: duration('ATRIUM_IDLE_TIMEOUT', '1m', 'Time without users until a workspace is closed.', {
    unit: 's',
    least: '0s',
  }),
  openTimeout: duration('ATRIUM_OPEN_TIMEOUT', '30s', 'Time a workspace may take to open or to close.', {
    unit: 's',
    least: '1s',
  }),
  upgradeNotice: duration(
    'ATRIUM_UPGRADE_NOTICE',
    '1s',
    'Time clients have to acknowledge that the model is about to change.',
    { unit: 'ms', least: '0ms' },
  ),
  accountsTimeout: duration('ATRIUM_ACCOUNTS_TIMEOUT', '5s', 'Time the accounts service has to answer.', {
    unit: 'ms',
    least: '1ms',
  }),
  accountsTries: whole(
    'ATRIUM_ACCOUNTS_TRIES',
    3,
    'Times the accounts service is asked before it counts as down.',
    1,
  ),
  accountsCache: duration('ATRIUM_ACCOUNTS_CACHE', '5s', 'Time its answer is used again.', {
    unit: 'ms',
    least: '0ms',
  }),
  accountsGrace: duration('ATRIUM_ACCOUNTS_GRACE', '15m', 'Time known tokens stay good while it is down.', {
    unit: 's',
    least: '0s',
  }),
  closeTimeout: duration(
    'ATRIUM_CLOSE_TIMEOUT',
    '1s',
    'Time clients have to end their closing handshake when the server stops.',
    { unit: 'ms', least: '0ms' },
  ),
  stopTimeout: duration('ATRIUM_STOP_TIMEOUT', '10s', 'Time a stopping server gives each of its steps.', {
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

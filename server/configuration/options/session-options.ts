import { duration } from './duration.ts'
import { derivedWhole, rereads, whole, type Option } from './option.ts'

/** Sessions, and what one of them may use. */
export const sessionOptions = {
  maxPayload: whole(
    'ATRIUM_MAX_PAYLOAD',
    64 * 1024 * 1024,
    'Maximum bytes of a message from a client.',
    // The sizes that are derived from it are not below their own minimums.
    2048,
    1024 * 1024 * 1024,
  ),
  maxTransaction: derivedWhole(
    'ATRIUM_MAX_TRANSACTION',
    'a quarter of ATRIUM_OUTBOX_BYTES',
    'Maximum bytes of a transaction with all that it entails, and of a document.',
    256,
  ),
  maxPush: derivedWhole(
    'ATRIUM_MAX_PUSH',
    'half of ATRIUM_OUTBOX_BYTES',
    'Maximum bytes of transactions that are committed and pushed together.',
    512,
  ),
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
  outboxBytes: derivedWhole(
    'ATRIUM_OUTBOX_BYTES',
    'half of ATRIUM_MAX_PAYLOAD',
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
} satisfies Record<string, Option>

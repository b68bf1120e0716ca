import { duration } from './duration.ts'
import { rereads, whole, type Option } from './option.ts'

/** Connections before their sessions. 0 turns a limit off. */
export const connectionOptions = {
  handshakeTimeout: rereads(
    duration(
      'ATRIUM_HANDSHAKE_TIMEOUT',
      '10s',
      'Time in which a connection sends a whole request or opens a session, or it is closed.',
      { unit: 'ms', least: '100ms' },
    ),
  ),
  requestTimeout: duration(
    'ATRIUM_REQUEST_TIMEOUT',
    '30s',
    'Time in which an HTTP request arrives with its body, or its connection is closed.',
    { unit: 'ms', least: '100ms' },
  ),
  maxWaitingConnections: rereads(
    whole(
      'ATRIUM_MAX_WAITING_CONNECTIONS',
      2000,
      'Maximum connections without a session, HTTP among them; the one that waits longest makes room. 0: no limit.',
      0,
    ),
  ),
  maxAddressWaiting: rereads(
    whole(
      'ATRIUM_MAX_ADDRESS_WAITING',
      500,
      'ATRIUM_MAX_WAITING_CONNECTIONS for one address. 0: no limit.',
      0,
    ),
  ),
  addressConnections: rereads(
    whole(
      'ATRIUM_ADDRESS_CONNECTIONS',
      500,
      'Maximum new connections of one address in a second. 0: no limit.',
      0,
    ),
  ),
  unverifiedPayload: whole(
    'ATRIUM_UNVERIFIED_PAYLOAD',
    4096,
    'Maximum bytes of a message from a client whose token was refused.',
    125,
  ),
  unverifiedMessages: whole(
    'ATRIUM_UNVERIFIED_MESSAGES',
    8,
    'Messages of a client with a refused token that are answered; one more ends its connection.',
    0,
  ),
  earlyTotalBytes: whole(
    'ATRIUM_EARLY_TOTAL_BYTES',
    512 * 1024 * 1024,
    'Maximum bytes kept for all sessions that are not open yet.',
    1024,
  ),
} satisfies Record<string, Option>

import { z } from 'zod'
import { duration } from './duration.ts'
import { oneOf, optional, text, whole, type Option } from './option.ts'

/** Where documents are stored. */
export const storageOptions = {
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
  maxOpenFiles: whole(
    'ATRIUM_MAX_OPEN_FILES',
    256,
    'Maximum open workspace files; the least recently used ones are closed.',
    1,
  ),
  writers: whole('ATRIUM_WRITERS', 1, 'Threads that write to SQLite storage.', 1, 64),
  readers: whole('ATRIUM_READERS', 2, 'Threads that read from SQLite storage.', 2, 64),
  readTimeout: duration(
    'ATRIUM_READ_TIMEOUT',
    '10s',
    'Time that a read or a search may take in storage; then it is stopped with Timeout.',
    { unit: 'ms', least: '100ms', most: '3600s' },
  ),
} satisfies Record<string, Option>

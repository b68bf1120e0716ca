/**
 * Which folder may import which. In a list, a folder imports the folders before it, and itself; `.` is the files that
 * stand in the top-level folder itself.
 */

/** Top-level folders and what each may import; those that are not named may import anything. */
export const topLevel = {
  model: [],
  protocol: ['model'],
  storage: ['model'],
  pipeline: ['model', 'storage'],
  server: ['model', 'protocol', 'storage', 'pipeline'],
  client: ['model', 'protocol'],
  examples: ['model', 'pipeline'],
}

/** Folders that run in any JavaScript engine: no module of Node. */
export const portable = ['model', 'protocol']

/** The folders inside of a top-level folder, from the lowest to the highest. */
export const order = {
  storage: [
    '.',
    'shared',
    'search',
    'memory',
    'sqlite/sql',
    'sqlite/file',
    'sqlite/reads',
    'sqlite/worker',
    'sqlite',
    'mongodb/driver',
    'mongodb/log',
    'mongodb/filters',
    'mongodb/documents',
    'mongodb/query',
    'mongodb/commit',
    'mongodb/search',
    'mongodb/restore',
    'mongodb',
    'testing',
  ],
  pipeline: [
    'shared',
    'push',
    'modules',
    'permissions',
    'reads',
    'workspace',
    'middlewares',
    'commit',
    'commit/steps',
    'triggers',
    'methods',
    'schedules',
    'search-updates',
    'restore',
    'verify',
    '.',
  ],
  server: [
    'time',
    'memory',
    'errors',
    'configuration/options',
    'configuration',
    'rates',
    'auth',
    'accounts',
    'modules',
    'modules/threads',
    'accounts/builtin',
    'wire',
    'workspaces',
    'methods',
    'requests',
    'sessions',
    'observability',
    'transport',
    'http',
    'startup',
    '.',
  ],
  client: ['runtime', 'store', 'model', 'connection', 'optimistic', 'live-queries', '.', 'react'],
}

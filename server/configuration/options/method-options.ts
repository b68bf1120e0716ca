import { duration } from './duration.ts'
import { whole, type Option } from './option.ts'

/** Methods of modules. */
export const methodOptions = {
  methodTimeout: duration(
    'ATRIUM_METHOD_TIMEOUT',
    '30s',
    'Time in which a method of a module returns, unless it declares another.',
    { unit: 'ms', least: '1ms', most: '24d' },
  ),
  concurrentMethods: whole(
    'ATRIUM_CONCURRENT_METHODS',
    8,
    'Maximum methods of modules that run at once for one session.',
    1,
  ),
  waitingMethods: whole(
    'ATRIUM_WAITING_METHODS',
    64,
    'Maximum calls of methods that wait for one session; more are refused.',
    0,
  ),
  concurrentStreams: whole(
    'ATRIUM_CONCURRENT_STREAMS',
    16,
    'Maximum streams of methods that are open at once for one session; more are refused.',
    0,
  ),
  concurrentRoutes: whole(
    'ATRIUM_CONCURRENT_ROUTES',
    64,
    'Maximum HTTP requests to routes of modules that run at once in a workspace.',
    1,
  ),
  routeBody: whole(
    'ATRIUM_ROUTE_BODY',
    1024 * 1024,
    'Maximum bytes of the body of an HTTP request to a route of a module.',
    0,
  ),
} satisfies Record<string, Option>

/** React hooks over a client of atrium. */
export { AtriumProvider, useClient } from './atrium-provider.tsx'
export type { QueryState } from './query-store.ts'
export { useConnectionState } from './use-connection-state.ts'
export { useQuery } from './use-query.ts'

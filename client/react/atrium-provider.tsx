import { createContext, type ReactNode, useContext } from 'react'
import type { Client } from '../client.ts'

const ClientContext = createContext<Client | undefined>(undefined)

/**
 * Provides a client to the components inside. The code that created the client terminates it.
 *
 * @example
 * const client = createClient({ url, getToken })
 * const app = (
 *   <AtriumProvider client={client}>
 *     <App />
 *   </AtriumProvider>
 * )
 */
export function AtriumProvider({ client, children }: { client: Client; children?: ReactNode }): ReactNode {
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>
}

/**
 * Returns the client of the nearest `AtriumProvider`.
 *
 * @throws Error without a provider
 *
 * @example
 * const client = useClient()
 * const finish = async () => await client.updateDoc(task, { status: 'done' })
 */
export function useClient(): Client {
  const client = useContext(ClientContext)
  if (client === undefined) throw new Error('there is no AtriumProvider above this component')
  return client
}

import { createContext, type ReactNode, useContext } from 'react'
import type { Client } from '../client.ts'

const ClientContext = createContext<Client | undefined>(undefined)

/**
 * Gives the components within it a client. It neither starts nor ends it: whoever made it calls `terminate`.
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
 * The client of the nearest `AtriumProvider`.
 *
 * @throws Error when there is none
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

import { httpAddress } from '../../server/http/http-address.ts'
import { configurationOf } from './configured.ts'

/** `http://HOST:PORT` of the server that the configuration describes. */
export function serverUrl(url: string | undefined): string {
  const { host, port } = configurationOf({})
  return url ?? httpAddress(host, port)
}

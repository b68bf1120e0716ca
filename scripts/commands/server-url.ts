import { httpAddress } from '../../server/http/http-address.ts'
import { configurationOf } from './configured.ts'

/** `http://HOST:PORT` or `https://…` of the server that the configuration describes. */
export function serverUrl(url: string | undefined): string {
  const { host, port, tlsCert } = configurationOf({})
  return url ?? httpAddress(host, port, tlsCert !== undefined)
}

const schemes: Record<string, string> = { 'http:': 'ws:', 'https:': 'wss:' }

/**
 * Where to dial: the address as it was given, path and query too, and the session's id.
 *
 * @throws TypeError when it is no address
 */
export function addressOf(given: string, sessionId: string | undefined): string {
  const url = new URL(given)
  url.protocol = schemes[url.protocol] ?? url.protocol
  // Of two, servers take what follows for a host.
  url.pathname = url.pathname.replace(/^\/+/, '/')
  // A WebSocket takes none.
  url.hash = ''
  if (sessionId !== undefined) url.searchParams.set('sessionId', sessionId)
  return url.href
}

const schemes: Record<string, string> = { 'http:': 'ws:', 'https:': 'wss:' }

/**
 * The URL to dial: the given one, with its path and query, and the session id as a parameter.
 *
 * @throws TypeError when `given` is no URL
 */
export function addressOf(given: string, sessionId: string | undefined): string {
  const url = new URL(given)
  url.protocol = schemes[url.protocol] ?? url.protocol
  // Servers parse a path with two leading slashes as a host.
  url.pathname = url.pathname.replace(/^\/+/, '/')
  // The WebSocket constructor refuses a fragment.
  url.hash = ''
  if (sessionId !== undefined) url.searchParams.set('sessionId', sessionId)
  return url.href
}

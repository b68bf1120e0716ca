/** `http://HOST:PORT` or `https://…`; an IPv6 address is put in brackets. */
export function httpAddress(host: string, port: number, isSecure = false): string {
  return `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

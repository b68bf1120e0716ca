import { isIPv4 } from 'node:net'

export interface OriginOptions {
  /** `ATRIUM_ORIGINS` as it is now. */
  origins: () => readonly string[]
  /** The address that the server listens on. */
  host: string
  /** `ATRIUM_PUBLIC_URL` as it is now. */
  publicUrl: () => string | undefined
}

/**
 * Which web pages may connect and call. Without a list they are the pages of the server's own host. While the
 * server listens on a loopback address they are the pages of this machine, such as those of a development server on
 * another port, and of the public host.
 */
export class AllowedOrigins {
  readonly #options: OriginOptions
  readonly #isLocal: boolean

  constructor(options: OriginOptions) {
    this.#options = options
    this.#isLocal = isLoopback(options.host)
  }

  /** @param host of the request's `Host` header */
  allows(origin: string, host: string | undefined): boolean {
    const origins = this.#options.origins()
    if (origins.length > 0) return origins.includes('*') || origins.includes(origin)
    // `null` is the origin of sandboxed pages and files: of anybody.
    if (!URL.canParse(origin)) return false
    const page = new URL(origin)
    if (page.host === '') return false
    if (page.host === this.#publicHost) return true
    // A stranger's name may resolve to this machine (DNS rebinding), so here the host of the request proves nothing.
    return this.#isLocal ? isLoopback(page.hostname) : page.host === hostOf(host, page.protocol)
  }

  get #publicHost(): string | undefined {
    const url = this.#options.publicUrl()
    return url === undefined ? undefined : new URL(url).host
  }
}

/** Without a port that is the default of the scheme, as in origins. */
function hostOf(host: string | undefined, protocol: string): string | undefined {
  const url = `${protocol}//${host ?? ''}`
  return host !== undefined && URL.canParse(url) ? new URL(url).host : undefined
}

function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '')
  if (isIPv4(name)) return name.startsWith('127.')
  return name === '::1' || name === 'localhost' || name.endsWith('.localhost')
}

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../support/root.ts'

export interface Bundle {
  bytes: number
  gzip: number
  brotli: number
  /** Bytes of each package and each folder of our own. */
  parts: [part: string, bytes: number][]
  /** Those imported that only Node has. */
  nodeModules: string[]
}

interface Bundler {
  LIMIT: number
  bundleClient: (outfile: string) => Promise<Bundle>
}

/** What `npm run build:client` builds with. */
export async function bundler(): Promise<Bundler> {
  return (await import(pathToFileURL(join(root, 'scripts', 'bundle-client.js')).href)) as Bundler
}

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../support/root.ts'

export interface Bundle {
  bytes: number
  gzip: number
  brotli: number
  /** Bytes of each package and each folder of the project. */
  parts: [part: string, bytes: number][]
  /** Imports that only Node has. */
  nodeModules: string[]
}

interface Bundler {
  LIMIT: number
  bundleClient: (outfile: string) => Promise<Bundle>
}

/** The build settings of `npm run build:client`. */
export async function bundler(): Promise<Bundler> {
  return (await import(pathToFileURL(join(root, 'scripts', 'bundle-client.js')).href)) as Bundler
}

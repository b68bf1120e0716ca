import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/executable.ts'
import { bundler } from './bundle.ts'
import { onTestEnd } from '../support/on-test-end.ts'

/** The output folder of this test. */
export const build = fileURLToPath(new URL('../..', import.meta.url))

const page = (script: string) =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="${script}"></script>`

/**
 * Serves the client’s bundle, the compiled files, and at `/` a page that loads one of their scripts. It ends with the
 * test.
 *
 * @returns `http://HOST:PORT`
 */
export async function servePages(
  script: string,
  more: ReadonlyMap<string, string> = new Map(),
): Promise<string> {
  const bundle = join(await temporaryFolder(), 'atrium-client.js')
  await (await bundler()).bundleClient(bundle)
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page')
    if (pathname === '/') {
      response.setHeader('content-type', 'text/html').end(page(script))
      return
    }
    const file =
      pathname === '/atrium-client.js' ? bundle : (more.get(pathname) ?? join(build, normalize(pathname)))
    readFile(file).then(
      (content) => response.setHeader('content-type', 'text/javascript').end(content),
      () => response.writeHead(404).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return `http://127.0.0.1:${address.port}`
}

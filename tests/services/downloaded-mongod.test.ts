import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startDownloadedMongod } from './downloaded-mongod.ts'

/** Milliseconds. */
const limits = { answer: 200, download: 60_000 }

test('STO-40: a host of downloads that does not answer, or has none, is told in one line', async (context) => {
  const answers: [RequestListener, RegExp][] = [
    [() => undefined, /^mongodb-memory-server has no mongod: 127\.0\.0\.1:\d+ does not answer: .*timeout$/],
    [(_request, response) => response.writeHead(404).end(), /does not answer: HTTP 404$/],
  ]
  for (const [answer, reason] of answers) {
    await mirror(context, answer)
    assert.match(await missing(), reason)
  }
})

test('STO-40: a mongod is downloaded once, and one that ends at once is not waited for', async (context) => {
  const archive = await archiveOf(context, `#!/bin/sh\nexit 3\n#${'x'.repeat(2 ** 20)}\n`)
  let downloads = 0
  await mirror(context, (request, response) => {
    if (request.method === 'GET') downloads++
    response.writeHead(200, { 'content-length': archive.length }).end(archive)
  })
  assert.match(await missing(), /^MongoDB did not start: /)
  assert.equal(downloads, 1)
  assert.match(await missing(), /^MongoDB did not start: /)
  assert.equal(downloads, 1)
})

async function missing(): Promise<string> {
  const started = await startDownloadedMongod(limits)
  assert.ok('missing' in started)
  return started.missing
}

/** A host of downloads that the library asks, with nothing downloaded yet. */
async function mirror(context: TestContext, answer: RequestListener): Promise<void> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const folder = await temporary(context)
  const { port } = server.address() as AddressInfo
  const settings = {
    MONGOMS_DOWNLOAD_MIRROR: `http://127.0.0.1:${port}`,
    MONGOMS_DOWNLOAD_DIR: folder,
    MONGOMS_USE_HTTP: 'true',
    MONGOMS_MD5_CHECK: 'false',
  }
  Object.assign(process.env, settings)
  context.after(() => {
    for (const name of Object.keys(settings)) Reflect.deleteProperty(process.env, name)
    server.closeAllConnections()
    server.close()
  })
}

/** As MongoDB’s are: a folder with the program. */
async function archiveOf(context: TestContext, program: string): Promise<Buffer> {
  const folder = await temporary(context)
  await mkdir(join(folder, 'mongodb', 'bin'), { recursive: true })
  const path = join(folder, 'mongodb', 'bin', 'mongod')
  await writeFile(path, program)
  await chmod(path, 0o755)
  execFileSync('tar', ['-czf', join(folder, 'mongodb.tgz'), '-C', folder, 'mongodb'])
  return await readFile(join(folder, 'mongodb.tgz'))
}

async function temporary(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-download-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

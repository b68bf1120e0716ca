import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDownloadedMongod } from './downloaded-mongod.ts'
import { expectThat } from '../support/expecting.ts'
import { onTestEnd } from '../support/on-test-end.ts'

/** Milliseconds. */
const limits = { answer: 200, download: 60_000 }

describe('downloaded mongod', () => {
  test('STO-40: a download host that does not respond, or lacks the file, is reported in one line', async () => {
    const answers: [RequestListener, RegExp][] = [
      [() => undefined, /^mongodb-memory-server has no mongod: 127\.0\.0\.1:\d+ does not answer: .*timeout$/],
      [(_request, response) => response.writeHead(404).end(), /does not answer: HTTP 404$/],
    ]
    for (const [answer, reason] of answers) {
      await mirror(answer)
      expect(await missing()).toMatch(reason)
    }
  })

  test('STO-40: mongod is downloaded once, and one that ends at once is not waited for', async () => {
    const archive = await archiveOf(`#!/bin/sh\nexit 3\n#${'x'.repeat(2 ** 20)}\n`)
    let downloads = 0
    await mirror((request, response) => {
      if (request.method === 'GET') downloads++
      response.writeHead(200, { 'content-length': archive.length }).end(archive)
    })
    expect(await missing()).toMatch(/^MongoDB did not start: /)
    expect(downloads).toBe(1)
    expect(await missing()).toMatch(/^MongoDB did not start: /)
    expect(downloads).toBe(1)
  })

  async function missing(): Promise<string> {
    const started = await startDownloadedMongod(limits)
    expectThat('missing' in started)
    return started.missing
  }

  /** A download host for the library, without an earlier download. */
  async function mirror(answer: RequestListener): Promise<void> {
    const server = createServer(answer)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const folder = await temporary()
    const { port } = server.address() as AddressInfo
    const settings = {
      MONGOMS_DOWNLOAD_MIRROR: `http://127.0.0.1:${port}`,
      MONGOMS_DOWNLOAD_DIR: folder,
      MONGOMS_USE_HTTP: 'true',
      MONGOMS_MD5_CHECK: 'false',
    }
    Object.assign(process.env, settings)
    onTestEnd(() => {
      for (const name of Object.keys(settings)) Reflect.deleteProperty(process.env, name)
      server.closeAllConnections()
      server.close()
    })
  }

  /** Like those of MongoDB: a folder with the program. */
  async function archiveOf(program: string): Promise<Buffer> {
    const folder = await temporary()
    await mkdir(join(folder, 'mongodb', 'bin'), { recursive: true })
    const path = join(folder, 'mongodb', 'bin', 'mongod')
    await writeFile(path, program)
    await chmod(path, 0o755)
    execFileSync('tar', ['-czf', join(folder, 'mongodb.tgz'), '-C', folder, 'mongodb'])
    return await readFile(join(folder, 'mongodb.tgz'))
  }

  async function temporary(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'atrium-download-'))
    onTestEnd(() => rm(folder, { recursive: true, force: true }))
    return folder
  }
})

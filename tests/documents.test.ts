import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { closeCodes } from '../protocol/close-codes.ts'
import { statusCatalogue } from '../protocol/status-catalogue.ts'
import { SERVER_VERSION } from '../server/version.ts'
import { root } from './support/root.ts'

const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** The cells of the table rows that begin with something in backquotes. */
function rowsOf(page: string, first: RegExp): Map<string, string[]> {
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const matching = rows.filter(([, cell]) => cell !== undefined && first.test(cell))
  return new Map(matching.map(([, cell = '', ...others]) => [cell.replaceAll('`', ''), others]))
}

const named = (cell: string | undefined) =>
  [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

test('WIRE-140: PROTOCOL.md documents every status code with its params and whether to try again, and no other', () => {
  const rows = rowsOf(read('protocol/PROTOCOL.md'), /^`(platform|core):status:\w+`$/)
  assert.deepEqual([...rows.keys()].sort(), Object.keys(statusCatalogue).sort())
  for (const [code, { params, retry, http }] of Object.entries(statusCatalogue)) {
    const [documented, again, status] = rows.get(code) ?? []
    assert.deepEqual(named(documented).sort(), [...params].sort(), code)
    assert.deepEqual([again, status], [retry ? 'yes' : 'no', String(http)], code)
  }
})

test('WIRE-141: PROTOCOL.md documents every close code and whether to come back, and no other', () => {
  const rows = rowsOf(read('protocol/PROTOCOL.md'), /^`\d{4}`$/)
  const codes = Object.values(closeCodes)
  assert.deepEqual([...rows.keys()].sort(), codes.map(({ code }) => String(code)).sort())
  for (const { code, reconnect } of codes)
    assert.equal(rows.get(String(code))?.[1], reconnect ? 'yes' : 'no', String(code))
})

test('WIRE-142: a close code’s range tells whether to come back, and its reason fits the protocol', () => {
  for (const { code, reason, reconnect } of Object.values(closeCodes)) {
    if (code >= 4000) assert.equal(reconnect, code < 4200, String(code))
    assert.ok(Buffer.byteLength(reason) <= 123, reason)
  }
})

test('CFG-94: the links of the documents point to files that exist', () => {
  const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'protocol/PROTOCOL.md']
  const broken = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(root, dirname(document), target)))
      .map((target) => `${document}: ${target}`),
  )
  assert.deepEqual(broken, [])
})

test('CFG-95: the server’s version is that of package.json', () => {
  assert.equal(SERVER_VERSION, (JSON.parse(read('package.json')) as { version: string }).version)
})

test('CFG-96: what builds and checks the project names no host of a registry', () => {
  const files = ['.ci/run', '.npmrc', 'Dockerfile', 'docker-compose.yml', 'package.json', 'package-lock.json']
  const bootstrap = readdirSync(join(root, 'scripts/bootstrap')).map((file) => `scripts/bootstrap/${file}`)
  const naming = [...files, ...bootstrap].filter((file) => /registry\.|\.npmjs\.|"resolved"/.test(read(file)))
  assert.deepEqual(naming, [])
  for (const [, image = ''] of `${read('Dockerfile')}\n${read('docker-compose.yml')}`.matchAll(
    /^\s*(?:FROM|image:)\s+(\S+)/gm,
  ))
    assert.doesNotMatch(image, /[.:]\d*\/|^[^/]*\.[^/]*\//, image)
})

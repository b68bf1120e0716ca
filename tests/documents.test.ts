import { describe, expect, test } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { closeCodes } from '../protocol/close-codes.ts'
import { statusCatalogue } from '../protocol/status-catalogue.ts'
import { SERVER_VERSION } from '../server/version.ts'
import { root } from './support/root.ts'
import { expectFor } from './support/expecting.ts'

const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** The cells of the table rows that begin with a code in backquotes. */
function rowsOf(page: string, first: RegExp): Map<string, string[]> {
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const matching = rows.filter(([, cell]) => cell !== undefined && first.test(cell))
  return new Map(matching.map(([, cell = '', ...others]) => [cell.replaceAll('`', ''), others]))
}

const named = (cell: string | undefined) =>
  [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

describe('documents of the project', () => {
  test('WIRE-140: PROTOCOL.md documents exactly the status codes that exist, with their params and whether to try again', () => {
    const rows = rowsOf(read('protocol/PROTOCOL.md'), /^`(platform|core):status:\w+`$/)
    expect([...rows.keys()].sort()).toStrictEqual(Object.keys(statusCatalogue).sort())
    for (const [code, { params, retry, http }] of Object.entries(statusCatalogue)) {
      const [documented, again, status] = rows.get(code) ?? []
      expectFor(code, named(documented).sort()).toStrictEqual([...params].sort())
      expectFor(code, [again, status]).toStrictEqual([retry ? 'yes' : 'no', String(http)])
    }
  })

  test('WIRE-141: PROTOCOL.md documents exactly the close codes that exist, and whether to reconnect', () => {
    const rows = rowsOf(read('protocol/PROTOCOL.md'), /^`\d{4}`$/)
    const codes = Object.values(closeCodes)
    expect([...rows.keys()].sort()).toStrictEqual(codes.map(({ code }) => String(code)).sort())
    for (const { code, reconnect } of codes)
      expectFor(String(code), rows.get(String(code))?.[1]).toBe(reconnect ? 'yes' : 'no')
  })

  test('WIRE-142: the range of a close code says whether to reconnect, and its reason fits the protocol', () => {
    for (const { code, reason, reconnect } of Object.values(closeCodes)) {
      if (code >= 4000) expectFor(String(code), reconnect).toBe(code < 4200)
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
    }
  })

  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SPEC.md',
    'CHANGELOG.md',
    'protocol/PROTOCOL.md',
    ...readdirSync(join(root, 'docs')).map((file) => `docs/${file}`),
  ]

  test('CFG-94: the links of the documents point to files that exist', () => {
    const broken = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(root, dirname(document), target)))
        .map((target) => `${document}: ${target}`),
    )
    expect(broken).toStrictEqual([])
  })

  test('CFG-94: the source files that the documents name exist', () => {
    const folders = [
      'model',
      'protocol',
      'storage',
      'pipeline',
      'server',
      'client',
      'scripts',
      'tests',
      'examples',
      'bench',
    ]
    const files = folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(
        (file) => `/${folder}/${file}`,
      ),
    )
    // A path may begin at a folder that the sentence has named before.
    const isThere = (path: string) => files.some((file) => file.endsWith(`/${path}`))
    const missing = documents
      .filter((document) => document !== 'CHANGELOG.md')
      .flatMap((document) =>
        [...read(document).matchAll(/`([\w./-]+\/[\w.-]+\.(?:ts|tsx|js))`/g)]
          .map(([, path = '']) => path)
          .filter((path) => !path.startsWith('dist/') && !isThere(path.replace(/^\.\//, '')))
          .map((path) => `${document}: ${path}`),
      )
    expect(missing).toStrictEqual([])
  })

  test('CFG-95: the server’s version is that of package.json', () => {
    expect(SERVER_VERSION).toBe((JSON.parse(read('package.json')) as { version: string }).version)
  })

  test('CFG-96: the scripts that build and check the project name no host of a registry', () => {
    const files = [
      '.ci/run',
      '.npmrc',
      'Dockerfile',
      'docker-compose.yml',
      'package.json',
      'package-lock.json',
    ]
    const bootstrap = readdirSync(join(root, 'scripts/bootstrap')).map((file) => `scripts/bootstrap/${file}`)
    const naming = [...files, ...bootstrap].filter((file) =>
      /registry\.|\.npmjs\.|"resolved"/.test(read(file)),
    )
    expect(naming).toStrictEqual([])
    for (const [, image = ''] of `${read('Dockerfile')}\n${read('docker-compose.yml')}`.matchAll(
      /^\s*(?:FROM|image:)\s+(\S+)/gm,
    ))
      expectFor(image, image).not.toMatch(/[.:]\d*\/|^[^/]*\.[^/]*\//)
  })
})

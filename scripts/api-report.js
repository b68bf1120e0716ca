// Writes client/api-report.md: the exports of the client's entries, as the compiler declares them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepare, root } from './bootstrap/prepare.js'

export const REPORT = join(root, 'client', 'api-report.md')

/** Name of the entry in package.json, and its declarations. */
const entries = [
  ['atrium/client', 'client/index.d.ts'],
  ['atrium/client/node', 'client/node.d.ts'],
  ['atrium/client/react', 'client/react/index.d.ts'],
]

/** The report on a compiled folder. */
export function apiReport(build) {
  const sections = entries.map(([name, file]) => {
    const declared = [...exportsOf(join(build, file))].sort(([a], [b]) => (a < b ? -1 : 1))
    return `## ${name}\n\n${declared.map(([, text]) => `\`\`\`ts\n${text}\n\`\`\`\n`).join('\n')}`
  })
  const title =
    '# What the client exports\n\nWritten by `npm run api:client`; a test compares it with the build.\n'
  return [title, ...sections].join('\n')
}

/** Names that a declaration file exports, with their declarations. */
function exportsOf(file) {
  const found = new Map()
  for (const statement of statementsOf(readFileSync(file, 'utf8'))) {
    const [, isType, names, from] =
      /^export (type )?\{([^}]*)\}(?: from ['"](.+)['"])?;?$/s.exec(statement) ?? []
    if (names === undefined) {
      const name = nameOf(statement)
      if (name !== undefined)
        found.set(name, [...(found.get(name)?.split('\n\n') ?? []), statement].join('\n'))
    } else if (from !== undefined) {
      const declared = exportsOf(declarationsOf(join(dirname(file), from)))
      for (const name of names
        .split(',')
        .map((each) => each.trim().replace(/^type /, ''))
        .filter(Boolean)) {
        const text = declared.get(name)
        if (text === undefined)
          throw new Error(`${relative(root, file)} exports ${name}, which ${from} does not`)
        found.set(
          name,
          isType === undefined ? text : text.replace(/^export declare class/, 'export type class'),
        )
      }
    }
  }
  return found
}

function declarationsOf(path) {
  const candidates = [path.replace(/\.tsx?$|\.js$/, '.d.ts')]
  const file = candidates.find(existsSync)
  if (file === undefined) throw new Error(`there are no declarations for ${path}`)
  return file
}

function nameOf(statement) {
  return /^export (?:declare )?(?:abstract )?(?:class|interface|type|const|function|enum) ([\w$]+)/.exec(
    statement,
  )?.[1]
}

/** The declarations without comments and private members, one for each line that begins at the margin. */
function statementsOf(text) {
  const bare = text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s*(#private;|private .*;)\n/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
  return bare.split(/\n(?=\S)(?![})])/).map((statement) => statement.trim())
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare()
  writeFileSync(REPORT, apiReport(join(root, 'dist')))
  process.stdout.write(`${REPORT}\n`)
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/root.ts'

export interface DocExample {
  /** `client/client.ts: findAll` */
  title: string
  code: string
}

/** The example of each documentation comment of the client. */
export function docExamples(): DocExample[] {
  const files = readdirSync(join(root, 'client'), { recursive: true, encoding: 'utf8' })
  const sources = files.filter((file) => /(?<!\.test)\.tsx?$/.test(file)).map((file) => `client/${file}`)
  return sources.sort().flatMap(examplesOf)
}

/** The public members of a class: the names at the first level of its body. */
export function publicMembersOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8')
  const members = source.matchAll(/^ {2}(?:async |get )?([a-z]\w*)(?:<.*>)?\(.*$/gm)
  return [...new Set([...members].map(([, name = '']) => name))].filter((name) => name !== 'constructor')
}

function examplesOf(file: string): DocExample[] {
  const source = readFileSync(join(root, file), 'utf8')
  const comments = source.matchAll(
    /^ *\/\*\*\n((?: *\*.*\n)*?) *\*\/\n *(?:export )?(?:async )?(?:get |class |function |const )?(\w+)/gm,
  )
  return [...comments].flatMap(([, comment = '', name = '']) => {
    const [, example] = comment.split(/ *\* @example\n/)
    if (example === undefined) return []
    return [{ title: `${file}: ${name}`, code: example.replace(/^ *\* ?/gm, '') }]
  })
}

import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { order, portable, topLevel } from './arrows.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The top-level folder of a file, and its folder in there. @param path from the root of the project */
function roomOf(path) {
  const [top, ...inner] = dirname(path).split(sep)
  return { top, inner: inner.join('/') || '.' }
}

/** What is wrong with the import, if anything. @param file @param source paths from the root of the project */
function flawOf(file, source) {
  const from = roomOf(file)
  const to = roomOf(source)
  const allowed = topLevel[from.top]
  if (from.top !== to.top) {
    if (allowed === undefined || allowed.includes(to.top)) return undefined
    return `${from.top}/ may import ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}, not ${to.top}/`
  }
  const folders = order[from.top]
  if (folders === undefined || from.inner === to.inner) return undefined
  for (const { top, inner } of [from, to])
    if (!folders.includes(inner)) return `scripts/lint/arrows.js does not say where ${top}/${inner} stands`
  if (folders.indexOf(to.inner) < folders.indexOf(from.inner)) return undefined
  return `${from.top}/${from.inner} stands below ${to.top}/${to.inner}: see scripts/lint/arrows.js`
}

/** Holds each import against the order of the folders, types included. */
export const importArrows = {
  meta: { type: 'problem', docs: { description: 'forbids imports of a higher folder' } },
  create(context) {
    const file = relative(root, context.filename)
    const check = (node) => {
      const source = node.source?.value
      if (typeof source !== 'string') return
      if (source.startsWith('node:') && portable.includes(roomOf(file).top))
        context.report({
          node,
          message: 'this folder runs in any JavaScript engine and imports nothing of Node',
        })
      if (!source.startsWith('.')) return
      const message = flawOf(file, join(dirname(file), source))
      if (message !== undefined) context.report({ node, message })
    }
    return {
      ImportDeclaration: check,
      ExportAllDeclaration: check,
      ExportNamedDeclaration: check,
      ImportExpression: check,
    }
  },
}

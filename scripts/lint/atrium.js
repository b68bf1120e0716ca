/** Rules of this project's own, for oxlint. */
import { importArrows } from './import-arrows.js'

/** Calls that take as many arguments as there are: each takes a place on the stack, which ends at some 120,000. */
const methods = new Set([
  'push',
  'unshift',
  'splice',
  'toSpliced',
  'concat',
  'max',
  'min',
  'hypot',
  'of',
  'fromCharCode',
  'fromCodePoint',
])

/** A list that is written out, or one of several such: as long as it looks. */
function isWrittenOut(node) {
  if (node.type === 'ArrayExpression') return node.elements.every((item) => item?.type !== 'SpreadElement')
  if (node.type === 'ConditionalExpression')
    return isWrittenOut(node.consequent) && isWrittenOut(node.alternate)
  if (node.type === 'LogicalExpression') return isWrittenOut(node.right) && isWrittenOut(node.left)
  return false
}

function nameOf(callee) {
  if (callee.type !== 'MemberExpression' || callee.computed) return undefined
  return callee.property.name
}

const message = (name) =>
  `An array of any length is not spread into ${name}: its items go on the stack. Use a loop, or pushAll (model/push-all.ts).`

const noUnboundedSpread = {
  meta: { type: 'problem', docs: { description: 'forbids spreading arrays of any length into calls' } },
  create(context) {
    return {
      CallExpression(node) {
        const name = nameOf(node.callee)
        // `Math.max.apply(undefined, items)` does the same in other words.
        const applied = name === 'apply' ? nameOf(node.callee.object) : undefined
        if (methods.has(applied) && node.arguments.length > 1 && !isWrittenOut(node.arguments[1]))
          context.report({ node, message: message(applied) })
        const spread = node.arguments.filter(({ type }) => type === 'SpreadElement')
        if (methods.has(name) && spread.some(({ argument }) => !isWrittenOut(argument)))
          context.report({ node, message: message(name) })
      },
    }
  },
}

export default {
  meta: { name: 'atrium' },
  rules: { 'import-arrows': importArrows, 'no-unbounded-spread': noUnboundedSpread },
}

import { describe, expect, test } from '@jest/globals'
import type { Method } from './method.ts'
import { MethodRegistry } from './method-registry.ts'

const method: Method = { kind: 'other', run: () => undefined }

describe('method registry', () => {
  test('SRV-55: a method is found by its own name only', () => {
    const registry = new MethodRegistry([[['ping', method]], [['board.archive', method]]])
    expect(registry.find('ping')).toBe(method)
    expect(registry.find('board.archive')).toBe(method)
    for (const name of ['', 'Ping', 'toString', '__proto__', 'constructor'])
      expect(registry.find(name)).toBeUndefined()
  })

  test('SRV-55: two methods of one name are refused', () => {
    expect(() => new MethodRegistry([[['ping', method]], [['ping', method]]])).toThrow(
      'there are two methods ping',
    )
  })
})

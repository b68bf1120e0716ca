import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { foldEmail } from './email.ts'
import { propertyParameters } from '../tests/support/property-parameters.ts'

test('ACC-60: an email is folded to its plain characters in lower case, and folding a folded email changes nothing', () => {
  const same: [string, string][] = [
    ['Ann@Example.COM', 'ann@example.com'],
    // Å as one character, as a letter with a combining ring, and as the angstrom sign.
    ['\u00c5NN', '\u00e5nn'],
    ['A\u030aNN', '\u00e5nn'],
    ['\u212bNN', '\u00e5nn'],
    ['\uff33\uff39\uff33\uff34\uff25\uff2d', 'system'],
    ['\ufb01ona', 'fiona'],
    ['\u212aarl', 'karl'],
  ]
  for (const [typed, folded] of same) expect(foldEmail(typed)).toBe(folded)
  // A Cyrillic letter is a different letter.
  expect(foldEmail('ann')).not.toBe(foldEmail('\u0430nn'))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (email) => {
      const folded = foldEmail(email)
      expect(foldEmail(folded)).toBe(folded)
      expect(foldEmail(email.normalize('NFD'))).toBe(folded)
    }),
    propertyParameters({ numRuns: 2000 }),
  )
})

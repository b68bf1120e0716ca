import TestSequencer from '@jest/test-sequencer'

/** As jest’s own, but what runs for minutes begins first, so that nothing waits for it alone in the end. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const sorted = super.sort(tests)
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))]
  }
}

function isLong({ context }) {
  return context.config.displayName?.name === 'crash'
}

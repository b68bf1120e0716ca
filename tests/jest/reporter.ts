import { relative } from 'node:path'
import type { AggregatedResult, Reporter, TestContext } from '@jest/reporters'
import { root } from '../support/root.ts'

/** The failed and the skipped tests, by name, and then their numbers in one line, which is the last. */
export default class ClosingLine implements Reporter {
  onRunComplete(_contexts: Set<TestContext>, results: AggregatedResult): void {
    const lines: string[] = []
    let failed = 0
    let skipped = 0
    for (const { testFilePath, testResults, testExecError, failureMessage } of results.testResults) {
      const file = relative(`${root}/dist`, testFilePath)
      const failures = testResults.filter(({ status }) => status === 'failed')
      const others = testResults.filter(({ status }) => ['pending', 'skipped', 'todo'].includes(status))
      for (const { fullName } of others) lines.push(`skipped: ${fullName} (${file})`)
      for (const { fullName } of failures) lines.push(`failed: ${fullName} (${file})`)
      // A file may fail before or after its tests.
      const isWhole = testExecError !== undefined || (failureMessage != null && failures.length === 0)
      if (isWhole) lines.push(`failed: ${file}`)
      failed += failures.length + Number(isWhole)
      skipped += others.length
    }
    lines.push(`${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`)
    const text = `${lines.join('\n')}\n`
    // Jest prints its own summary after all reporters: the parent process prints this text after the end of Jest.
    if (process.send === undefined) process.stdout.write(text)
    else process.send(text)
  }
}

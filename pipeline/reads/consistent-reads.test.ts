import { test } from '@jest/globals'
import { setImmediate as turn } from 'node:timers/promises'
import { ConsistentReads } from './consistent-reads.ts'
import type { WorkspaceStorage } from '../../storage/contract.ts'
import { expectFor } from '../../tests/support/expecting.ts'

test('WIRE-94: the position of a result is correct, wherever between two commits the read begins', async () => {
  for (let pause = 0; pause < 16; pause++) {
    const reads = new ConsistentReads({ lastSeq: 0 } as WorkspaceStorage)
    let last = 0
    let ending = (): void => undefined
    const ended = new Promise<void>((resolve) => (ending = resolve))
    const commit = (seq: number) =>
      reads.commit(seq, async () => {
        await turn()
        last = seq
        ending()
      })
    const commits = commit(1).then(async () => await commit(2))
    await ended
    for (let step = 0; step < pause; step++) await Promise.resolve()
    const { seq, value } = await reads.read(async () => {
      await turn()
      await turn()
      return last
    })
    expectFor(`after ${pause} steps`, value).toBe(seq)
    await commits
  }
})

import { describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { waitUntil } from '../../../tests/support/wait-until.ts'
import type { PartStream, WorkspaceStorage } from '../../contract.ts'
import type { LongReadLimits } from '../../shared/long-reads.ts'
import { plan, putAll, task, taskSchema } from '../../testing/fixture.ts'
import { fileName } from '../file/file-name.ts'
import { Sqlite } from '../file/sqlite.ts'
import { temporarySubject } from '../../testing/sqlite-test-storage.ts'
import { onTestEnd } from '../../../tests/support/on-test-end.ts'
import { expectThat } from '../../../tests/support/expecting.ts'

const limits = { maxBytes: 5000, maxCount: 10 }

interface Opened {
  workspace: WorkspaceStorage
  /** Whether a reader holds a snapshot from before the last commit. */
  isHeld: () => boolean
  long: () => Promise<PartStream>
  change: () => Promise<void>
}

async function opened(longReads: Partial<LongReadLimits> = {}): Promise<Opened> {
  const { storage, directory, dispose } = await temporarySubject({ longReads })
  onTestEnd(dispose)
  const workspace = await storage.openWorkspace('w', taskSchema)
  let seq = await putAll(
    workspace,
    0,
    Array.from({ length: 200 }, (_, at) => task(`t${at}`, { rank: `r${at}` })),
  )
  const isHeld = () => {
    const db = new Sqlite(join(directory, fileName('w')), { timeout: 0 })
    const [{ busy = 1 } = {}] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy?: number }[]
    db.close()
    return busy !== 0
  }
  const long = async () => {
    const { rest } = await workspace.findEncoded(plan(), limits)
    expectThat(rest)
    return rest
  }
  const change = async () => {
    seq = await putAll(workspace, seq, [task('more', { rank: `${seq}` })])
  }
  return { workspace, isHeld, long, change }
}

describe('long reads', () => {
  test('STO-71: a long result holds a snapshot of the file until it ends, is closed or fails', async () => {
    const { isHeld, long, change } = await opened()
    for (const end of [
      async (rest: PartStream) => {
        while (!(await rest.next()).final);
      },
      async (rest: PartStream) => {
        await rest.next()
        rest.close()
      },
    ]) {
      const rest = await long()
      await change()
      expect(isHeld()).toBe(true)
      await end(rest)
      await waitUntil(() => !isHeld(), 'the end of the snapshot')
    }
  })

  test('STO-72: a long result that is not continued fails with `limit`, and leaves no snapshot', async () => {
    const { isHeld, long, change } = await opened({ idle: 50 })
    const rest = await long()
    await change()
    await waitUntil(() => !isHeld(), 'the end of the snapshot')
    await expect(rest.next()).rejects.toThrow(
      expect.objectContaining({ code: 'limit', message: expect.stringMatching(/between two parts/) }),
    )
  })

  test('STO-72: a long result that lasts too long fails with `limit`, however often it is read', async () => {
    const { isHeld, long, change } = await opened({ longest: 50 })
    const rest = await long()
    await change()
    await waitUntil(() => !isHeld(), 'the end of the snapshot')
    await expect(rest.next()).rejects.toThrow(
      expect.objectContaining({ code: 'limit', message: expect.stringMatching(/lasts/) }),
    )
  })

  test('STO-72: the number of concurrent long results is limited, and one more waits for another to end, or fails with `limit`', async () => {
    const { long, workspace } = await opened({ atOnce: 2, wait: 50 })
    const [first] = [await long(), await long()]
    await expect(long()).rejects.toThrow(
      expect.objectContaining({ code: 'limit', message: 'long reads at once' }),
    )
    expect((await workspace.findEncoded(plan({ limit: 3 }), limits)).parts).toHaveLength(1)
    first.close()
    const third = await long()
    expect((await third.next()).final).toBe(false)
  })

  test('STO-72: a call that waits for a long result to end continues when it has ended', async () => {
    const { long } = await opened({ atOnce: 1 })
    const first = await long()
    const [second, third] = [long(), long()]
    first.close()
    const won = await Promise.race([second, third])
    won.close()
    for (const each of await Promise.all([second, third])) each.close()
  })
})

import { describe, expect, test } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MemoryStore } from './client-store.ts'
import { storeCases } from './testing/contract-suite.ts'
import { type FileStore, fileStore, type FileStoreOptions } from './file-store.ts'
import { onTestEnd } from '../../tests/support/on-test-end.ts'
import { expectFor } from '../../tests/support/expecting.ts'
import { testUnless } from '../../tests/support/test-unless.ts'

async function temporaryPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'atrium-store-'))
  onTestEnd(async () => await rm(folder, { recursive: true, force: true }))
  return join(folder, 'folder', 'ann.atrium')
}

async function withStore<T>(
  path: string,
  use: (store: FileStore) => Promise<T>,
  options?: FileStoreOptions,
): Promise<T> {
  const store = fileStore(path, options)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const contentOf = (path: string) => withStore(path, (store) => store.entries(''))

describe('file store', () => {
  test.each(Object.entries(storeCases))(
    'SDK-50: a file store and a memory store pass: %s',
    async (_title, run) => {
      const [inMemory, expected] = await run(new MemoryStore())
      expect(inMemory).toStrictEqual(expected)
      const path = await temporaryPath()
      const [inFile] = await withStore(path, run)
      expect(inFile).toStrictEqual(expected)
    },
  )

  test('SDK-50: entries of a file store are available to the next process, and deleted entries are not', async () => {
    const path = await temporaryPath()
    await withStore(path, async (store) => {
      await store.set('a', { text: 'é\n' })
      await store.set('b', 1)
      await store.delete('b')
    })
    expect(await contentOf(path)).toStrictEqual([['a', { text: 'é\n' }]])
  })

  /**
   * Runs a process that writes until it has printed a number of lines, kills it midway, and returns the last printed
   * number.
   */
  async function writeAndKill(path: string, from: number, lines: number): Promise<number> {
    const program = fileURLToPath(new URL('testing/write-until-killed.js', import.meta.url))
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit']
    const child = spawn(process.execPath, [program, path, String(from)], { stdio })
    let said = ''
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString()
      if (said.split('\n').length > lines) child.kill('SIGKILL')
    })
    await once(child, 'close')
    return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1))
  }

  test('SDK-51: a process that is killed while it writes loses nothing that was acknowledged', async () => {
    const path = await temporaryPath()
    let from = 0
    for (const lines of [1, 40, 7, 90, 23]) {
      const acknowledged = await writeAndKill(path, from, lines)
      const content = new Map(await contentOf(path))
      const last = content.get('last') as number
      expect(last).toBeGreaterThanOrEqual(acknowledged)
      for (let at = Math.max(0, acknowledged - 40); at <= acknowledged; at++)
        expect((content.get(`entry/${at % 50}`) as { at: number }).at).toBeGreaterThanOrEqual(at)
      from = last + 1
    }
  })

  test('SDK-52: an incomplete line is left out, wherever the write ended, and later lines are kept', async () => {
    const path = await temporaryPath()
    await withStore(path, async (store) => {
      await store.set('a', 1)
      await store.set('b', 'é')
    })
    const whole = await readFile(path)
    const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1
    for (let length = lastLine; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length))
      expect(await contentOf(path)).toStrictEqual([['a', 1]])
      await withStore(path, (store) => store.set('c', 3))
      expect(await contentOf(path)).toStrictEqual([
        ['a', 1],
        ['c', 3],
      ])
    }
    await truncate(path, lastLine)
    await appendFile(path, `${'\0'.repeat('["e",1]\n'.length)}["d",1]\n`)
    await withStore(path, (store) => store.set('e', 1))
    expect(await contentOf(path)).toStrictEqual([
      ['a', 1],
      ['e', 1],
    ])
  })

  test('SDK-52: a file of another kind is refused and left unchanged', async () => {
    const path = await temporaryPath()
    await withStore(path, (store) => store.set('a', 1))
    await writeFile(path, 'a diary\n')
    await expect(contentOf(path)).rejects.toThrow(/is no store/)
    expect(await readFile(path, 'utf8')).toBe('a diary\n')
  })

  test('SDK-52: a damaged line in the middle is left out and reported, and survives compaction', async () => {
    const path = await temporaryPath()
    await withStore(path, async (store) => {
      for (const key of ['a', 'b', 'c']) await store.set(key, key)
    })
    const whole = await readFile(path, 'utf8')
    for (const damaged of ['["b",', '{}', '["b"', '\u0007', '5', '[5,"b"]', '']) {
      await writeFile(path, whole.replace('["b","b"]', damaged))
      const told: string[] = []
      const content = await withStore(
        path,
        async (store) => {
          for (let at = 0; at < 100; at++) await store.set('a', `${'x'.repeat(100)}${at}`)
          return (await store.entries('', (error) => told.push(String(error)))).map(([key]) => key)
        },
        { compactAbove: 1000 },
      )
      expectFor(damaged, content).toStrictEqual(['a', 'c'])
      expect(told.join()).toMatch(/1 damaged lines/)
      expectFor(damaged, await readFile(path, 'utf8')).toContain(`\n${damaged}\n`)
    }
  })

  test('SDK-53: a file that is mostly out of date is compacted, and keeps its entries', async () => {
    const path = await temporaryPath()
    await withStore(
      path,
      async (store) => {
        await store.set('stays', 'ü'.repeat(100))
        for (let at = 0; at < 300; at++) await store.set('changes', { at, text: 'ö'.repeat(100) })
      },
      { compactAbove: 2000 },
    )
    expect((await stat(path)).size).toBeLessThan(3000)
    expect(await contentOf(path)).toStrictEqual([
      ['changes', { at: 299, text: 'ö'.repeat(100) }],
      ['stays', 'ü'.repeat(100)],
    ])
    expect(await readdir(join(path, '..'))).toStrictEqual(['ann.atrium'])
  })

  test('SDK-54: a file belongs to one store at a time, and the lock of an ended process is taken over', async () => {
    const path = await temporaryPath()
    await withStore(path, async (store) => {
      await store.set('a', 1)
      await expect(fileStore(path).get('a')).rejects.toThrow(/uses the store already/)
      expect(await store.get('a')).toBe(1)
    })
  })

  /** A process that holds the store until it is killed. Resolves when it has the store. */
  async function holder(path: string): Promise<ChildProcess> {
    const program = fileURLToPath(new URL('testing/hold-until-killed.js', import.meta.url))
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestEnd(() => child.kill('SIGKILL'))
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    expect(said.toString()).toBe('holds\n')
    return child
  }

  test('SDK-54: the lock of a killed process is taken over, even when its process id is reused, and the lock of a running process is not', async () => {
    const path = await temporaryPath()
    await withStore(path, (store) => store.set('a', 1))
    const child = await holder(path)
    await expect(contentOf(path)).rejects.toThrow(/uses the store already/)
    child.kill('SIGKILL')
    await once(child, 'close')
    // A lock of an earlier version: its process id is that of a running process.
    for (const pid of [process.pid, process.ppid, 1, 2 ** 22])
      await writeFile(`${path}.lock`, JSON.stringify({ pid, started: 1 }))
    expect(await contentOf(path)).toStrictEqual([['a', 1]])
    expect(await readdir(join(path, '..'))).toStrictEqual(['ann.atrium'])
  })

  test('SDK-54: when many stores take over the lock of a killed process, one succeeds', async () => {
    const path = await temporaryPath()
    for (let round = 0; round < 20; round++) {
      const stores = Array.from({ length: 8 }, () => fileStore(path))
      const taken = await Promise.allSettled(stores.map(async (store) => await store.set('a', round)))
      expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      await Promise.all(stores.map(async (store) => await store.close()))
    }
    const child = await holder(path)
    child.kill('SIGKILL')
    await once(child, 'close')
    const others = await Promise.allSettled([1, 2, 3, 4].map(async () => await holder(path)))
    expect(others.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  testUnless(process.platform === 'linux' ? undefined : 'it needs /proc')(
    'SDK-54: a store in a folder that accepts no files fails, and does not retry forever',
    async () => {
      await expect(fileStore('/proc/atrium/ann.atrium').get('a')).rejects.toThrow(
        expect.objectContaining({ code: 'ENOENT' }),
      )
    },
  )

  test('SDK-54: a closed store rejects calls with an error that says so', async () => {
    const path = await temporaryPath()
    const store = fileStore(path)
    const written = store.set('a', 1)
    await store.close()
    await store.close()
    await written
    await expect(store.get('a')).rejects.toThrow(/closed/)
    await fileStore(path).close()
  })
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A separate file system, which can be filled and made read-only. */
export interface SmallDisk {
  folder: string
  /** Fills the remaining space. */
  fill: () => void
  /** Frees the space. */
  free: () => void
  setReadOnly: (isReadOnly: boolean) => void
  remove: () => void
}

/** In memory, where this process may mount; otherwise the reason for which there is none. */
export function smallDisk(bytes: number): SmallDisk | { missing: string } {
  const folder = mkdtempSync(join(tmpdir(), 'atrium-disk-'))
  const mounted = mount(['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder])
  if (mounted !== undefined) {
    rmSync(folder, { recursive: true })
    return { missing: `no file system can be mounted: ${mounted}` }
  }
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill: () => fill(ballast, bytes),
    free: () => rmSync(ballast, { force: true }),
    setReadOnly: (isReadOnly) => {
      const failure = mount(['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, folder])
      if (failure !== undefined) throw new Error(failure)
    },
    remove: () => {
      spawnSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The error. */
function mount(args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' })
  return status === 0 ? undefined : (error?.message ?? stderr.trim())
}

/** Smaller and smaller pieces, until no page is left. */
function fill(file: string, bytes: number): void {
  for (let size = bytes; size >= 512; size /= 2) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}

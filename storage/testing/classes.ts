import { expect, test } from '@jest/globals'
import type { WorkspaceStorage } from '../contract.ts'
import {
  batch,
  entry,
  noteClass,
  putAll,
  type SubjectFactory,
  task,
  taskClass,
  taskSchema,
  withWorkspace,
} from './fixture.ts'

/** The classes of stored documents. */
export function describeClasses(name: string, make: SubjectFactory): void {
  test(`STO-88: ${name} lists the classes of all stored documents, without those of the log`, async () => {
    await withWorkspace(make, taskSchema, async (workspace) => {
      expect(await classesOf(workspace)).toStrictEqual([])
      await putAll(workspace, 0, [task('a'), task('b', { _class: noteClass }), task('c')])
      expect(await classesOf(workspace)).toStrictEqual([`task ${noteClass}`, `task ${taskClass}`].sort())
      await workspace.commit(batch({ entries: [entry(4)], puts: [], removes: [{ domain: 'task', id: 'b' }] }))
      expect(await classesOf(workspace)).toStrictEqual([`task ${taskClass}`])
    })
  })
}

async function classesOf(workspace: WorkspaceStorage): Promise<string[]> {
  return (await workspace.storedClasses()).map(({ domain, _class }) => `${domain} ${_class}`).sort()
}

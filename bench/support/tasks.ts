import { board } from '../../examples/board/model.ts'
import type { Doc, Ref, Space } from '../../model/documents.ts'
import { core } from '../../model/identifiers.ts'

/** Tasks are spread evenly over this many projects. */
export const PROJECTS = 100
export const AUTHOR = 'account:bench'
export const TIME = 1_767_225_600_000

export function projectId(number: number): Ref<Space> {
  return `board:project:B${number % PROJECTS}` as Ref<Space>
}

export function taskId(number: number): Ref {
  return `0000be00${number.toString(16).padStart(16, '0')}` as Ref
}

const signature = { modifiedBy: AUTHOR, modifiedOn: TIME, createdBy: AUTHOR, createdOn: TIME }

export function project(number: number, isPrivate: boolean): Doc {
  const fields = {
    name: `Project ${number}`,
    description: '',
    private: isPrivate,
    members: [AUTHOR],
    archived: false,
  }
  const doc = { _id: projectId(number), _class: board.class.Project, space: core.space.Space, ...fields }
  return { ...doc, ...signature, identifier: `B${number}` } as unknown as Doc
}

export function taskAttributes(number: number) {
  return {
    title: `Speed up the search page, number ${number}`,
    description: 'People wait for it every day, and nobody knows why it takes that long on a Monday morning.',
    status: 'todo',
    priority: 'high',
    labels: ['speed', 'search'],
    assignee: AUTHOR,
    rank: `0|${number.toString(36).padStart(6, '0')}:`,
    comments: 0,
  }
}

export function task(number: number): Doc {
  const doc = { _id: taskId(number), _class: board.class.Task, space: projectId(number), ...signature }
  return { ...doc, ...taskAttributes(number) } as unknown as Doc
}

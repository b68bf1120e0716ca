import {
  arrayOf,
  boolean,
  collection,
  date,
  enumOf,
  markup,
  number,
  rank,
  refTo,
  string,
  timestamp,
} from '../../model/attribute-types.ts'
import { createModelBuilder } from '../../model/builder.ts'
import type { DocumentOf } from '../../model/class-ref.ts'
import { core } from '../../model/identifiers.ts'

const builder = createModelBuilder('board')

const Status = builder.enum('Status', ['backlog', 'todo', 'doing', 'review', 'done'])
const Priority = builder.enum('Priority', ['none', 'low', 'medium', 'high', 'urgent'])

/** A space of its own: its members see its tasks. */
const Project = builder.class('Project', {
  extends: core.class.Space,
  label: 'Project',
  attributes: { identifier: string({ index: true }) },
})

const Comment = builder.class('Comment', {
  extends: core.class.AttachedDoc,
  domain: 'comment',
  label: 'Comment',
  attributes: { message: markup({ required: true, fullText: true }) },
})

const Task = builder.class('Task', {
  extends: core.class.Doc,
  domain: 'task',
  label: 'Task',
  attributes: {
    title: string({ required: true, fullText: true }),
    description: markup({ fullText: true }),
    status: enumOf(Status, { default: 'backlog' }),
    priority: enumOf(Priority, { default: 'none' }),
    assignee: refTo(core.class.Account, { index: true }),
    dueDate: date(),
    /** Since when it is done; the server keeps it. */
    doneOn: timestamp(),
    /** Put away. */
    archived: boolean(),
    labels: arrayOf(string()),
    rank: rank(),
    votes: number(),
    comments: collection(Comment),
  },
  indexes: [
    [
      ['space', 1],
      ['rank', 1],
    ],
    [
      ['space', 1],
      ['status', 1],
      ['rank', 1],
    ],
  ],
})

/** Tells its creator, who is the assignee, that he was given a task. */
const Notification = builder.class('Notification', {
  extends: core.class.Doc,
  domain: 'notification',
  label: 'Notification',
  visibleTo: 'creator',
  attributes: {
    task: refTo(Task, { required: true, index: true }),
    assignedBy: refTo(core.class.Account, { required: true }),
    isRead: boolean({ default: false }),
  },
})

/** Tasks somebody estimated. */
const Estimated = builder.mixin('Estimated', {
  extends: Task,
  label: 'Estimated',
  attributes: { hours: number() },
})

export type Task = DocumentOf<typeof Task>
export type Comment = DocumentOf<typeof Comment>
export type Project = DocumentOf<typeof Project>

export const board = {
  class: { Project, Task, Comment, Notification },
  mixin: { Estimated },
}

export const boardModel = builder.transactions()

// A client with live queries, in its own process, which reports its resource usage.
import { createNodeClient } from '../client/node.ts'
import type { Client } from '../client/client.ts'
import type { Class, Ref } from '../model/documents.ts'
import { board } from '../examples/board/model.ts'
import { answer } from './support/child.ts'
import { projectId, taskId } from './support/tasks.ts'
import { processorTime } from './support/usage.ts'

const Comment = board.class.Comment as unknown as Ref<Class>
const Task = board.class.Task as unknown as Ref<Class>

let client: Client | undefined
const counts = { pushes: 0, results: 0 }

/** The live queries of a typical application: open tasks with their comments, columns of boards, lists, and menus. */
const kinds: ((at: number) => Parameters<Client['query']>)[] = [
  ...Array.from({ length: 6 }, () => (at: number): Parameters<Client['query']> => [
    Task,
    { _id: taskId(at) },
    {},
    shown,
  ]),
  ...Array.from({ length: 6 }, () => (at: number): Parameters<Client['query']> => [
    Comment,
    { attachedTo: taskId(at) },
    { sort: { createdOn: 1 }, limit: 50 },
    shown,
  ]),
  ...['backlog', 'todo', 'doing', 'done'].map((status) => (at: number): Parameters<Client['query']> => [
    Task,
    { space: projectId(at), status },
    { sort: { rank: 1 }, limit: 50 },
    shown,
  ]),
  (at) => [
    Task,
    { space: projectId(at) },
    { sort: { rank: 1 }, total: true, projection: { title: 1 } },
    shown,
  ],
  (at) => [Task, { space: projectId(at) }, { sort: { modifiedOn: -1 }, limit: 20 }, shown],
  (at) => [
    Task,
    { space: projectId(at), priority: 'high' },
    { lookup: { assignee: 'core:class:Account' as Ref<Class> }, limit: 20 },
    shown,
  ],
  (at) => ['core:class:Space' as Ref<Class>, { _id: projectId(at) }, {}, shown],
]

function shown(): void {
  counts.results += 1
}

const answers = {
  /** Resolves when each of the live queries has its first result. */
  look: async ({ url, token, queries }: { url: string; token: string; queries: number }) => {
    client = createNodeClient({ url: url.replace('http', 'ws'), getToken: () => token })
    await client.ready()
    client.onTransactions(({ txes }) => (counts.pushes += txes.length))
    for (let at = 0; at < queries; at++) {
      const kind = kinds[at % kinds.length]
      if (kind !== undefined) client.query(...kind(Math.floor(at / kinds.length)))
    }
    while (counts.results < queries) await new Promise((resolve) => setTimeout(resolve, 20))
  },
  spent: () => ({ ...counts, time: processorTime() }),
  end: () => client?.terminate(),
}
export type LookingAnswers = typeof answers

answer(answers)

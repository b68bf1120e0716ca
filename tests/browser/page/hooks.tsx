import { Component, type ReactNode, StrictMode } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import type { Client } from '../../../client/index.ts'
import { AtriumProvider, useClient, useConnectionState, useQuery } from '../../../client/react/index.ts'
import type { Task } from '../../../examples/board/model.ts'
import type { ClassRef } from '../../../model/class-ref.ts'
import type { Ref, Space } from '../../../model/documents.ts'

type Sdk = typeof import('../../../client/index.ts')

interface Wanted {
  /** Its live query; `undefined`: the component is not rendered; `skip`: there is no query. */
  status?: Task['status'] | 'skip'
  _class?: string
  provided?: boolean
}

const bundle: string = '/atrium-client.js'
const { createClient } = (await import(bundle)) as Sdk
const element = document.querySelector('#root')
if (element === null) throw new Error('there is no #root')
const root = createRoot(element)

/** The functions of a test in a page with React. */
class Hooks {
  #client: Client | undefined
  /** Live queries that were started, and those of them that were not ended. */
  readonly queries = { begun: 0, open: 0 }
  readonly rendered = { tasks: 0, phase: 0 }

  start(url: string, token: string): void {
    const client = createClient({ url, getToken: () => token })
    const query = client.query.bind(client)
    client.query = ((...parameters: Parameters<typeof query>) => {
      this.queries.begun += 1
      this.queries.open += 1
      const stop = query(...parameters)
      return () => {
        this.queries.open -= 1
        stop()
      }
    }) as Client['query']
    this.#client = client
  }

  /** In strict mode, where React does everything twice. Returns the displayed text. */
  render({ status, _class = 'board:class:Task', provided = true }: Wanted): string | undefined {
    const client = this.#client
    if (client === undefined) throw new Error('there is no client yet')
    const content = (
      <>
        {status === undefined ? null : <Tasks status={status} of={_class} />}
        <PhaseLine />
        <Only />
      </>
    )
    const tree = provided ? (
      <AtriumProvider client={client}>{content}</AtriumProvider>
    ) : (
      <Tasks status="todo" of={_class} />
    )
    flushSync(() =>
      root.render(
        <StrictMode>
          <Boundary key={String(provided)}>{tree}</Boundary>
        </StrictMode>,
      ),
    )
    return this.text('tasks')
  }

  stop(): void {
    this.#client?.stop()
  }

  terminate(): void {
    this.#client?.terminate()
  }

  text(id: string): string | undefined {
    return document.querySelector(`#${id}`)?.textContent ?? undefined
  }
}

function Tasks({ status, of }: { status: Task['status'] | 'skip'; of: string }): ReactNode {
  const client = useClient()
  // Created in each rendering, as in an application.
  const query = status === 'skip' ? status : { status }
  const _class = of as unknown as ClassRef<Task>
  const { data, error, isLoading } = useQuery(_class, query, { sort: { title: 1 } })
  hooks.rendered.tasks += 1
  const add = () => client.createDoc(_class, 'p' as Ref<Space>, { title: 'added', status: 'todo' })
  const titles = data?.map(({ title }) => title).join(' ')
  return (
    <>
      <p id="tasks">
        {isLoading ? 'loading' : error === undefined ? `[${titles ?? 'nothing'}]` : messageOf(error)}
      </p>
      <button onClick={() => void add()}>add</button>
    </>
  )
}

function PhaseLine(): ReactNode {
  const phase = useConnectionState((state) => state.phase)
  const whole = useConnectionState()
  return (
    <p id="phase">
      {phase} {String(whole.phase === phase)}
    </p>
  )
}

/** Selects a part of the state: other changes do not render it again. */
function Only(): ReactNode {
  useConnectionState((state) => state.phase)
  hooks.rendered.phase += 1
  return null
}

const messageOf = (error: unknown) => (error instanceof Error ? `${error.name} ${error.message}` : 'no error')

class Boundary extends Component<{ children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {}

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    return error === undefined ? this.props.children : <p id="error">{messageOf(error)}</p>
  }
}

declare global {
  var hooks: Hooks
}

globalThis.hooks = new Hooks()

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { createNodeClient } from '../../client/node.ts'
import { AtriumProvider, useConnectionState, useQuery } from '../../client/react/index.ts'
import { board } from '../../examples/board/model.ts'
import { testServer } from '../support/test-server.ts'

function Tasks(): string {
  const { isLoading } = useQuery(board.class.Task, { status: 'todo' })
  const phase = useConnectionState((state) => state.phase)
  return `${phase}, ${isLoading ? 'loading' : 'loaded'}`
}

test('SDK-77: hooks render on a server, where a query is loading', async (context) => {
  const { url, token } = await testServer(context)
  const client = createNodeClient({ url, getToken: () => token('ann') })
  context.after(() => client.terminate())
  await client.ready()
  const html = renderToString(createElement(AtriumProvider, { client }, createElement(Tasks)))
  assert.equal(html, 'ready, loading')
})

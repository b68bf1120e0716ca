import { expect, test } from '@jest/globals'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { createNodeClient } from '../../client/node.ts'
import { AtriumProvider, useConnectionState, useQuery } from '../../client/react/index.ts'
import { board } from '../../examples/board/model.ts'
import { testServer } from '../support/test-server.ts'
import { onTestEnd } from '../support/on-test-end.ts'

function Tasks(): string {
  const { isLoading } = useQuery(board.class.Task, { status: 'todo' })
  const phase = useConnectionState((state) => state.phase)
  return `${phase}, ${isLoading ? 'loading' : 'loaded'}`
}

test('SDK-77: hooks render on a server, where a query is loading', async () => {
  const { url, token } = await testServer()
  const client = createNodeClient({ url, getToken: () => token('ann') })
  onTestEnd(() => client.terminate())
  await client.ready()
  const html = renderToString(createElement(AtriumProvider, { client }, createElement(Tasks)))
  expect(html).toBe('ready, loading')
})

// The minimal server that can respond: `ws`, JSON in, JSON out.
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { answer } from './support/child.ts'
import { memoryInUse, processorTime } from './support/usage.ts'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const { id, method } = JSON.parse(data.toString()) as { id: number; method: string }
    socket.send(JSON.stringify({ id, result: method === 'hello' ? 'hello' : 'pong!' }))
  })
})

const answers = {
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  processorTime,
  memoryInUse,
}
export type EchoAnswers = typeof answers

answer(answers)

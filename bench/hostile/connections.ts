import { Packr } from 'msgpackr'
import { setTimeout as wait } from 'node:timers/promises'
import { type Attack, type Attacker, repeat } from './attack.ts'
import { HostileSocket } from './hostile-socket.ts'

const UNFINISHED = 59_000_000
const FRAGMENT = Buffer.alloc(1_000_000, ' ')
const STRANGERS = 30
const RESUMING = 500
/** Transactions that each of them missed. */
const MISSED = 9000
const LEVELS = 40
/** Milliseconds between two rounds. */
const PAUSE = 100
/** Milliseconds of a round whose sockets are not all served. */
const LONGEST = 5000

async function references(attacker: Attacker): Promise<void> {
  let value: unknown = 'x'
  for (let level = 0; level < LEVELS; level++) value = [value, value]
  const packr = new Packr({ structuredClone: true })
  const frame = packr.pack({ id: 1, method: 'findAll', params: [value] })
  await repeat(attacker, { sockets: 4 }, (socket) => socket.sendRaw(frame))
}

/** Each client sends fragments of a message that never ends. */
async function strangers({ url, answers, isOver }: Attacker): Promise<void> {
  const stranger = async () => {
    while (!isOver()) {
      const dialled = HostileSocket.dial(url, 'bad-token', answers)
      await dialled.isOpen()
      const { socket } = dialled
      for (let sent = 0; sent < UNFINISHED && socket.readyState === socket.OPEN; sent += FRAGMENT.length) {
        socket.send(FRAGMENT, { fin: false })
        await wait(1)
      }
      await wait(PAUSE)
      dialled.close()
    }
  }
  await Promise.all(Array.from({ length: STRANGERS }, stranger))
}

/** Many sessions come back at once, and each has missed a lot. */
async function resumes({ url, token, answers, isOver }: Attacker): Promise<void> {
  const first = await HostileSocket.open(url, token, answers, { protocol: 2 })
  const { epoch, seq } = JSON.parse(first.greeting) as { epoch: string; seq: number }
  first.close()
  const resume = { epoch, seq: Math.max(0, seq - MISSED) }
  while (!isOver()) {
    const sockets = Array.from({ length: RESUMING }, () => HostileSocket.dial(url, token, answers))
    const greet = async (socket: HostileSocket) => {
      if (await socket.isOpen()) await socket.greet({ protocol: 2, broadcast: true, resume })
    }
    const greeted = Promise.all(sockets.map(greet))
    await Promise.race([greeted, wait(LONGEST)])
    for (const socket of sockets) socket.close()
    await greeted
    await wait(PAUSE)
  }
}

export const connectionAttacks = {
  'nested msgpack references': references,
  'bad tokens, unfinished 59 MB': strangers,
  'hellos that resume, 500 at once': resumes,
} satisfies Record<string, Attack>

// A hostile client in its own process, which attacks until it is told to end.
import { attacks } from './hostile/attacks.ts'
import { Answers, HostileSocket } from './hostile/hostile-socket.ts'
import { answer } from './support/child.ts'
import { setTimeout as wait } from 'node:timers/promises'

/** Milliseconds after which sockets of an attack that has ended are closed although answers are missing. */
const PATIENCE = 2000
/** Milliseconds before a closed socket is opened again. */
const PAUSE = 20

export interface Assault {
  attack: string
  url: string
  token: string
  account: string
}

let ending: (() => Promise<[string, number][]>) | undefined

const answers = {
  /** Begins an attack. */
  begin: ({ attack, url, token, account }: Assault) => {
    const run = attacks[attack]
    if (run === undefined) throw new Error(`no attack is named ${attack}`)
    const counted = new Answers()
    const sockets: Promise<HostileSocket>[] = []
    const dialled: HostileSocket[] = []
    let isOver = false
    const replaced = async (former: Promise<HostileSocket> | undefined) => {
      const known = await former
      if (known?.isUsable === true) return known
      if (known !== undefined) await wait(PAUSE)
      const fresh = HostileSocket.dial(url, token, counted)
      dialled.push(fresh)
      if (await fresh.isOpen()) await fresh.greet({ broadcast: false })
      return fresh
    }
    const socket = async (at: number) => await (sockets[at] = replaced(sockets[at]))
    const running = run({ url, token, account, answers: counted, socket, isOver: () => isOver })
    ending = async () => {
      isOver = true
      await Promise.race([running, wait(PATIENCE)])
      for (const each of dialled) each.close()
      await running
      return counted.entries()
    }
  },

  /** Ends it. Returns how often each answer came. */
  end: async () => (await ending?.()) ?? [],
}
export type HostileAnswers = typeof answers

answer(answers)

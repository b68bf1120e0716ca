import type { Answers, HostileSocket } from './hostile-socket.ts'

/** What an attack uses. */
export interface Attacker {
  url: string
  /** Of the hostile account. */
  token: string
  /** `_id` of the hostile account. */
  account: string
  answers: Answers
  /** The socket of that number. It has a session, and is replaced when it was closed. */
  socket: (at: number) => Promise<HostileSocket>
  isOver: () => boolean
}

/** Goes on until the attacker is over. */
export type Attack = (attacker: Attacker) => Promise<void>

/** Every socket always has so many requests under way. */
export async function repeat(
  attacker: Attacker,
  { sockets, each = 1 }: { sockets: number; each?: number },
  send: (socket: HostileSocket, number: number) => Promise<void>,
): Promise<void> {
  let number = 0
  const loop = async (at: number) => {
    while (!attacker.isOver()) {
      await send(await attacker.socket(at), number++)
    }
  }
  const loops = Array.from({ length: sockets * each }, (_, at) => loop(at % sockets))
  await Promise.all(loops)
}

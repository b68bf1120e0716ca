import { type Command, SimulatedServer } from './simulated-server.ts'

/** An owner of the log: begins when the schedule says so. */
export interface Owner {
  name: string
  begin: (server: SimulatedServer) => Promise<void>
}

export interface Faults {
  /** Connections that may be lost, and owners that may crash, in one schedule. */
  losses: number
  crashes: number
}

/** What may happen next: the first of them, unless a schedule says otherwise. */
interface Option {
  name: string
  happen: () => void
}

/** More steps than any schedule takes. */
const MOST_STEPS = 2000

/**
 * One order in which commands are carried out, answered, lost, and owners begin and crash: `choose` tells which of so
 * many options comes next. Ends when all owners have come to an end and no command is under way.
 */
export class Schedule {
  readonly server: SimulatedServer
  /** What happened, for whoever looks into a failure. */
  readonly happened: string[] = []
  readonly #waiting: Owner[]
  readonly #crashed = new Set<string>()
  readonly #faults: Faults
  #current = ''

  constructor(owners: readonly Owner[], faults: Faults, keepsPlaces: boolean) {
    this.server = new SimulatedServer(keepsPlaces)
    this.#waiting = [...owners]
    this.#faults = { ...faults }
  }

  async run(choose: (options: number) => number): Promise<void> {
    for (let step = 0; step < MOST_STEPS; step++) {
      await settled()
      const options = this.#options()
      const option = options[options.length === 1 ? 0 : choose(options.length)] ?? options[0]
      if (option === undefined) return
      this.happened.push(option.name)
      option.happen()
    }
    throw new Error('the owners come to no end')
  }

  #options(): Option[] {
    const { commands } = this.server
    const over = commands.filter((command) => this.#isGone(command) && command.steps.length === 0)
    for (const command of over) this.#forget(command)
    const own = commands.filter(({ client }) => client === this.#current)
    const others = commands.filter(({ client }) => client !== this.#current)
    const [next] = this.#waiting
    const [first] = own
    return [
      ...own.map((command) => this.#goOn(command)),
      ...others.map((command) => this.#goOn(command)),
      ...(next === undefined ? [] : [{ name: `${next.name} begins`, happen: () => this.#begin(next) }]),
      ...(first === undefined ? [] : this.#faultsOf(first)),
    ]
  }

  /** One step of a command; when it has none left, its answer comes. */
  #goOn(command: Command): Option {
    const { client, what, steps } = command
    const step = () => {
      if (!this.#isGone(command)) this.#current = client
      steps.shift()?.()
    }
    const answer = () => {
      this.#forget(command)
      this.#current = client
      command.answer()
    }
    return steps.length > 0
      ? { name: `${client}: ${what}`, happen: step }
      : { name: `${client}: answer to ${what}`, happen: answer }
  }

  /** Nobody waits for it any more; it is carried out all the same. */
  #isGone({ client, isLost }: Command): boolean {
    return isLost || this.#crashed.has(client)
  }

  #faultsOf(command: Command): Option[] {
    const { client } = command
    const lose = () => {
      this.#faults.losses--
      command.isLost = true
      command.lose()
    }
    const crash = () => {
      this.#faults.crashes--
      this.#crashed.add(client)
      this.#current = ''
    }
    if (this.#isGone(command)) return []
    const canLose = this.#faults.losses > 0
    const canCrash = this.#faults.crashes > 0
    return [
      ...(canLose ? [{ name: `${client}: ${command.what} lost`, happen: lose }] : []),
      ...(canCrash ? [{ name: `${client} crashes`, happen: crash }] : []),
    ]
  }

  #begin(owner: Owner): void {
    this.#waiting.shift()
    this.#current = owner.name
    void owner.begin(this.server)
  }

  #forget(command: Command): void {
    const { commands } = this.server
    commands.splice(commands.indexOf(command), 1)
  }
}

/** Whoever was answered has done what it does, up to its next command. */
async function settled(): Promise<void> {
  await new Promise(setImmediate)
}

/**
 * The choices of all schedules that depart from the usual order at most so many times, the fewest departures first.
 * `run` resolves with how many options there were at each step.
 */
export async function explore(
  departures: number,
  run: (choices: readonly number[]) => Promise<readonly number[]>,
): Promise<number> {
  let level: number[][] = [[]]
  let count = 0
  for (let depth = 0; depth <= departures; depth++) {
    const next: number[][] = []
    for (const choices of level) {
      const options = await run(choices)
      count++
      if (depth === departures) continue
      for (let step = choices.length; step < options.length; step++)
        for (let choice = 1; choice < (options[step] ?? 0); choice++)
          next.push([...choices, ...Array.from({ length: step - choices.length }, () => 0), choice])
    }
    level = next
  }
  return count
}

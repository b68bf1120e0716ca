import { type Command, SimulatedServer } from './simulated-server.ts'

/** An owner of the log, which begins when the schedule says so. */
export interface Owner {
  name: string
  begin: (server: SimulatedServer) => Promise<void>
}

export interface Faults {
  /** Connections that may be lost, and owners that may crash, in one schedule. */
  losses: number
  crashes: number
}

/** The options of the next step: the first one, unless a schedule says otherwise. */
interface Option {
  name: string
  happen: () => void
}

/** More steps than any schedule has. */
const MOST_STEPS = 2000

/**
 * One order in which commands are executed, answered and lost, and owners begin and crash. `choose` selects the next of
 * a number of options. It ends when all owners have ended and no command is under way.
 */
export class Schedule {
  readonly server: SimulatedServer
  /** The history, for the analysis of a failure. */
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

  /** One step of a command, or its response after the last step. */
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

  /** Its sender no longer waits; it is executed anyway. */
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

/** The receiver of a response has continued up to its next command. */
async function settled(): Promise<void> {
  await new Promise(setImmediate)
}

/**
 * The choices of all schedules with a limited number of departures from the usual order, the fewest first. `run`
 * resolves with the number of options at each step.
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

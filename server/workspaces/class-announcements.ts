import type { ClassId } from '../../model/documents.ts'
import type { WorkspaceEvent } from '../../model/transactions.ts'
import type { Affected } from '../../pipeline/push/affected.ts'
import type { Audience, Push } from '../../pipeline/push/push.ts'
import { workspaceEvent } from '../../pipeline/push/workspace-event.ts'
import type { Cancel, TimerWheel } from '../time/timer-wheel.ts'

/** Minimum milliseconds between two announcements in one workspace, and the maximum delay of one. */
const INTERVAL = 1000

interface Found {
  audience: Audience | undefined
  classes: Set<ClassId>
}

/**
 * Announces classes whose documents clients have to query again: at intervals, to the accounts that may have seen the
 * documents.
 */
export class ClassAnnouncements {
  readonly #event: WorkspaceEvent
  readonly #wheel: TimerWheel
  readonly #sources: { generateId: () => string; now: () => number }
  readonly #announce: (pushes: Push[]) => void
  /** By audience. */
  #found = new Map<string, Found>()
  #cancel: Cancel | undefined

  constructor(options: {
    event: WorkspaceEvent
    wheel: TimerWheel
    now: () => number
    generateId: () => string
    announce: (pushes: Push[]) => void
  }) {
    this.#event = options.event
    this.#wheel = options.wheel
    this.#sources = options
    this.#announce = options.announce
  }

  add(affected: readonly Affected[]): void {
    for (const { _class, audience } of affected) {
      const key = JSON.stringify(audience ?? null)
      const found = this.#found.get(key) ?? { audience, classes: new Set() }
      this.#found.set(key, found)
      found.classes.add(_class)
    }
    if (affected.length > 0) this.#cancel ??= this.#wheel.schedule(INTERVAL, () => this.#flush())
  }

  /** Discards pending announcements: no session is left. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#found.clear()
  }

  #flush(): void {
    const found = [...this.#found.values()]
    this.stop()
    const open = found.find(({ audience }) => audience === undefined)?.classes
    const pushes = found.flatMap(({ audience, classes }) => {
      const told =
        audience === undefined ? [...classes] : [...classes].filter((each) => open?.has(each) !== true)
      if (told.length === 0) return []
      const tx = workspaceEvent(this.#sources, this.#event, { _class: told })
      return [{ tx, audience }]
    })
    if (pushes.length > 0) this.#announce(pushes)
  }
}

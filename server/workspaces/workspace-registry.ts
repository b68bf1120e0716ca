import { closeCodes } from '../../protocol/close-codes.ts'
import { type HostOptions, type Opener, WorkspaceHost } from './workspace-host.ts'
import type { WorkspaceMember } from './workspace-member.ts'

export type RegistryOptions = Omit<HostOptions, 'id' | 'open' | 'closed'> & {
  open: (id: string, opener: Opener) => ReturnType<HostOptions['open']>
  /** A workspace has closed, so nothing of it need be remembered. */
  closed: (id: string) => void
}

/** The workspaces that are open, opening or closing. */
export class WorkspaceRegistry {
  readonly #hosts = new Map<string, WorkspaceHost>()
  readonly #options: RegistryOptions

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#hosts.size
  }

  hosts(): Iterable<WorkspaceHost> {
    return this.#hosts.values()
  }

  find(id: string): WorkspaceHost | undefined {
    return this.#hosts.get(id)
  }

  /**
   * The host of a workspace, after the previous one has closed. It stays until `leave` was called as often as this.
   */
  async arrive(id: string): Promise<WorkspaceHost> {
    for (;;) {
      const host = this.#hosts.get(id) ?? this.#create(id)
      if (!host.isOver) {
        host.arrive()
        return host
      }
      await host.drained()
    }
  }

  /** Opens the workspace for its work. It closes again when it has none and nobody is there. */
  async openForWork(id: string): Promise<void> {
    const host = await this.arrive(id)
    try {
      await host.pipeline(false)
    } finally {
      host.leave()
    }
  }

  /** @returns whether the workspace was open */
  async forceClose(id: string, except?: WorkspaceMember): Promise<boolean> {
    const host = this.#hosts.get(id)
    if (host === undefined) return false
    await host.close(
      closeCodes.workspaceClosed,
      except === undefined ? { signal: true } : { signal: true, except },
    )
    return true
  }

  #create(id: string): WorkspaceHost {
    const host = new WorkspaceHost({
      ...this.#options,
      id,
      open: (opener) => this.#options.open(id, opener),
      closed: (closed) => {
        if (this.#hosts.get(id) === closed) this.#hosts.delete(id)
        this.#options.closed(id)
      },
    })
    this.#hosts.set(id, host)
    return host
  }
}

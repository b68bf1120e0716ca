import { join } from 'node:path'
import type { Client } from '../../../client/client.ts'
import { createNodeClient, dialNode } from '../../../client/node.ts'
import { systemClock } from '../../../model/clock.ts'
import type { Ref, Space } from '../../../model/documents.ts'
import { core } from '../../../model/identifiers.ts'
import { SYSTEM_EMAIL, type TokenClaims, Tokens } from '../../../server/auth/tokens.ts'
import { SECRET, ServerProcess } from '../../crash/server-process.ts'
import { type CuttingProxy, cuttingProxy } from '../../services/cutting-proxy.ts'
import { temporaryFolder } from '../../support/executable.ts'
import { onTestEnd } from '../../support/on-test-end.ts'
import { root } from '../../support/root.ts'
import { waitUntil } from '../../support/wait-until.ts'

export const WORKSPACE = 'w1'
/** Values of `ATRIUM_MODULE_ISOLATION`. */
export const ISOLATIONS = ['none', 'thread']

const tokens = new Tokens(SECRET, systemClock.now)

/**
 * Server processes with a module, one after another over one data folder, and clients that find the present one, over a
 * line that can be cut.
 */
export class World {
  readonly data: string
  readonly #environment: NodeJS.ProcessEnv
  #server: ServerProcess | undefined
  #line: CuttingProxy | undefined

  private constructor(data: string, environment: NodeJS.ProcessEnv) {
    this.data = data
    this.#environment = environment
  }

  /** @param module the name of a file in this folder */
  static async make(module: string, isolation = 'none'): Promise<World> {
    const path = join(root, 'tests', 'modules', 'realistic', `${module}.mjs`)
    const environment = { ATRIUM_MODULES: path, ATRIUM_MODULE_ISOLATION: isolation }
    const world = new World(await temporaryFolder(), environment)
    onTestEnd(async () => await world.kill())
    return world
  }

  async start(more: NodeJS.ProcessEnv = {}): Promise<void> {
    this.#server = await ServerProcess.start(this.data, { ...this.#environment, ...more })
    this.#line = await cuttingProxy(this.#server.url)
  }

  /** Like a power cut. */
  async kill(): Promise<void> {
    await this.#server?.kill()
    await this.#hangUp()
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    await this.#hangUp()
  }

  /** Ends every connection of clients, which connect again. */
  cut(): void {
    this.#line?.cut()
  }

  client(email: string, workspace = WORKSPACE): Client {
    const options = {
      url: 'ws://127.0.0.1:1',
      getToken: () => tokens.sign({ email, workspace }),
      dial: (url: string, protocols: string[]) =>
        dialNode(url.replace(/^ws:\/\/[^/]*/, `ws://127.0.0.1:${this.#line?.port}`), protocols),
      // Internal: tests do not wait for the pauses of people.
      retry: { first: 1, longest: 50 },
    }
    const client = createNodeClient(options as Parameters<typeof createNodeClient>[0])
    onTestEnd(() => client.terminate())
    return client
  }

  /** A client that may do everything. */
  system(workspace = WORKSPACE): Client {
    return this.client(SYSTEM_EMAIL, workspace)
  }

  /** What administrators see at `/api/v1/PATH`. */
  async rest<T>(path: string, method = 'GET', claims: Partial<TokenClaims> = { admin: 'true' }): Promise<T> {
    const headers = { authorization: `Bearer ${tokens.sign({ email: 'root', ...claims })}` }
    const response = await fetch(`${this.#server?.url.replace('ws', 'http')}/api/v1/${path}`, {
      method,
      headers,
    })
    // The tests know the shapes.
    return (await response.json()) as T
  }

  async #hangUp(): Promise<void> {
    await this.#line?.close()
    this.#line = undefined
  }
}

/** Waits for something that servers on a busy machine may take long for. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  await waitUntil(holds, what, 60_000)
}

/** A space that everybody sees, or a private one of its members. */
export async function createSpace(
  client: Client,
  name: string,
  members?: string[],
  _class: string = core.class.Space,
): Promise<Ref<Space>> {
  const attributes = {
    name,
    description: '',
    private: members !== undefined,
    members: members ?? [],
    archived: false,
  }
  return await client.createDoc(_class as typeof core.class.Space, core.space.Space, attributes as never)
}

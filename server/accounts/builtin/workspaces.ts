import { brand } from '../../../model/brand.ts'
import { z } from 'zod'
import { AccountRole } from '../../../model/documents.ts'
import { StatusError } from '../../../model/status.ts'
import { workspaceIdOf } from './workspace-id.ts'
import { workspaceOf } from './workspace-of.ts'
import { parseParams } from '../../../protocol/parse-params.ts'
import type { Token } from '../../auth/tokens.ts'
import type { AccessObserver } from '../access-observer.ts'
import type { ModelVersion } from '../accounts-client.ts'
import { type AccountsStore, creation } from './accounts-store.ts'
import { checkScope, isPrivileged } from './authority.ts'
import { forbidden, rethrow } from './errors.ts'
import type { Members } from './members.ts'
import { accounts, membershipId, type Workspace } from './model.ts'
import type { People } from './people.ts'
import type { TokenIssuer } from './token-issuer.ts'

export interface WorkspacesOptions {
  store: AccountsStore
  people: People
  members: Members
  issuer: TokenIssuer
  observer: AccessObserver
  now: () => number
  modelVersion: ModelVersion
  /** The address for sessions. */
  endpoint: () => string
}

/** Minimum milliseconds between two records of a visit. */
const VISIT_RESOLUTION = 60_000

const versionSchema = z.object({ major: z.number(), minor: z.number(), patch: z.number() })

/** The workspaces, and who may know what of them. */
export class Workspaces {
  readonly #options: WorkspacesOptions

  constructor(options: WorkspacesOptions) {
    this.#options = options
  }

  /** Registered accounts create workspaces and own them; administrators and the system own them if they have an account. */
  async create(token: Token, params: unknown[]): Promise<unknown> {
    const [name] = parseParams(z.tuple([z.string().trim().min(1).max(256)]), params)
    const { store, modelVersion, people } = this.#options
    if (!isPrivileged(token)) await this.#checkFounder(token)
    const workspace = workspaceIdOf(name)
    // Nobody is a member before being registered: whoever registers the email first would become one.
    const owner = (await people.find(token.person))?._id
    const { Workspace, Membership } = accounts.class
    const role = AccountRole.Owner
    await store
      .commit((factory) => [
        creation(factory, Workspace, workspace, { name, version: modelVersion }),
        ...(owner === undefined
          ? []
          : [
              creation(factory, Membership, membershipId(workspace, owner), {
                email: owner,
                workspace,
                role,
              }),
            ]),
      ])
      .catch((error: unknown) =>
        rethrow(error, 'core:status:ObjectExists', 'platform:status:WorkspaceExists', { workspace }),
      )
    return { workspaceId: workspace, workspaceUrl: workspace, workspaceName: name }
  }

  async select(token: Token, params: unknown[]): Promise<unknown> {
    const [id] = parseParams(z.tuple([z.string()]), params)
    checkScope(token, id)
    const { productId } = (await this.#entry(token, id)).workspace
    const { issuer, people, endpoint } = this.#options
    const person = await people.bearer(token)
    const selected = issuer.renewed(token, person, { workspace: id, productId })
    if (selected === undefined) throw new StatusError('platform:status:Unauthorized')
    const email = person?.email ?? token.email
    return { endpoint: endpoint(), token: selected, workspaceId: id, workspaceUrl: id, email, productId }
  }

  async info(token: Token, params: unknown[]): Promise<unknown> {
    const [visit] = parseParams(z.tuple([z.boolean().optional()]), params.slice(0, 1))
    const { workspace, role } = await this.#entry(token, token.workspace)
    if (visit === true) void this.#noteVisit(workspace).catch(() => undefined)
    const { createdBy, createdOn } = workspace
    return {
      workspaceId: workspace._id,
      workspaceUrl: workspace._id,
      workspaceName: workspace.name,
      productId: workspace.productId,
      version: workspace.version,
      disabled: workspace.disabled,
      creating: workspace.creating,
      createProgress: workspace.createProgress,
      upgrade: workspace.upgrade,
      createdBy,
      createdOn,
      lastVisit: workspace.lastVisit,
      role,
    }
  }

  async list(token: Token): Promise<unknown> {
    const { store, members } = this.#options
    const own = token.admin ? undefined : await members.of(token.person)
    const ids = own?.map(({ workspace }) => brand(workspace))
    const found = await store.find(accounts.class.Workspace, ids === undefined ? {} : { _id: { $in: ids } })
    return found.map(({ _id, name, lastVisit, disabled }) => ({
      workspaceId: _id,
      workspaceUrl: _id,
      workspaceName: name,
      lastVisit,
      disabled,
    }))
  }

  /** Tools set the version after an upgrade, the progress of one, and whether the workspace is disabled. */
  async update(token: Token, params: unknown[]): Promise<unknown> {
    const change = z.strictObject({
      version: versionSchema.optional(),
      disabled: z.boolean().optional(),
      creating: z.boolean().optional(),
      createProgress: z.number().optional(),
      upgrade: z
        .object({ toProcess: z.number(), total: z.number(), elapsed: z.number(), eta: z.number() })
        .nullish(),
    })
    const [id, operations] = parseParams(z.tuple([z.string(), change]), params)
    if (!isPrivileged(token) && !(token.mode === 'upgrade' && token.workspace === id)) {
      throw forbidden('only administrators and upgrade tools change a workspace')
    }
    await workspaceOf(this.#options.store, id)
    await this.#options.store.update(accounts.class.Workspace, id, operations)
    this.#options.observer.workspaceChanged(id)
    return {}
  }

  /** @throws StatusError `platform:status:AccountNotFound`, or `Forbidden` for a token that is for a workspace */
  async #checkFounder(token: Token): Promise<void> {
    if (token.workspace !== '') throw forbidden('a token for a workspace makes no other workspace')
    await this.#options.people.get(token.email)
  }

  /** The workspace and the caller's role in it. */
  async #entry(token: Token, id: string): Promise<{ workspace: Workspace; role: string | undefined }> {
    const workspace = await workspaceOf(this.#options.store, id)
    const membership = await this.#options.members.find(id, token.person)
    if (membership === undefined && !isPrivileged(token) && token.mode === 'user') {
      throw forbidden(`${token.email} is no member of ${id}`)
    }
    return { workspace, role: membership?.role }
  }

  async #noteVisit(workspace: Workspace): Promise<void> {
    const now = this.#options.now()
    if (Math.abs(now - (workspace.lastVisit ?? 0)) < VISIT_RESOLUTION) return
    await this.#options.store.update(accounts.class.Workspace, workspace._id, { lastVisit: now })
  }
}

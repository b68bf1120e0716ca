import type { Caller } from '../../pipeline/shared/caller.ts'
import type { Pipeline } from '../../pipeline/pipeline.ts'
import type { PartLimits } from '../../storage/contract.ts'
import type { Token } from '../auth/tokens.ts'
import type { CallEnding } from '../../pipeline/methods/call-ending.ts'
import type { Request } from '../../protocol/messages.ts'
import type { WorkspaceMember } from '../workspaces/workspace-member.ts'

/** The session that calls a method. */
export interface CallingSession extends WorkspaceMember {
  /** The session has another token of the same bearer from now on. */
  renewToken: (token: Token) => void
}

/** What a method may use. */
export interface MethodContext {
  session: CallingSession
  caller: Caller
  pipeline: Pipeline
  /** Limits of the parts of a find that returns JSON text. */
  encoded: PartLimits | undefined
  measures: Measures
  request: Request
  /** Set for methods of modules. */
  running: { readonly ending: CallEnding } | undefined
}

/** Operations that a session measures, by name: milliseconds the server has spent so far. */
export type Measures = Map<string, number>

export interface Method {
  /** What it counts as in the statistics. */
  kind: 'find' | 'tx' | 'other'
  /** 2: sessions of protocol 1 do not have the method. */
  protocol?: 2
  /** It may take long, and can be cancelled. */
  isOfModule?: true
  /** Why the bearer of a token may not call it. Everybody may unless given. */
  refuses?: (token: Token) => string | undefined
  /** @throws StatusError BadRequest and the like */
  run: (context: MethodContext, params: unknown[]) => unknown
}

/** Methods by the name that clients call them by. */
export type MethodTable = Iterable<readonly [name: string, method: Method]>

import { type Status, type StatusCode, StatusError } from '../../model/status.ts'
import { type CloseReason, closeCodes } from '../../protocol/close-codes.ts'
import type { Response } from '../../protocol/messages.ts'
import { overloaded } from '../rates/rate-limited.ts'
import { RETRY_AFTER } from '../memory/memory-budget.ts'
import type { ModelVersion, WorkspaceInfo } from '../accounts/accounts-client.ts'
import { SYSTEM_EMAIL, type Token } from '../auth/tokens.ts'

/** A refusal: the frame with the reason, and the code with which the socket is closed. */
export interface Refusal {
  response: Response
  reason: CloseReason
}

/** What the rules look at. */
export interface Candidate {
  token: Token
  info: WorkspaceInfo
  /** Versions of the model the server serves; products it serves. */
  modelVersion: ModelVersion
  productId: string
  /** The workspace is in upgrade mode. */
  upgrading: boolean
  draining: boolean
  /** The server is short of memory. */
  overloaded: boolean
  /** The limit that was reached, with its value. */
  limit: { limit: string; value: number } | undefined
}

type Rule = (candidate: Candidate) => Refusal | undefined

/** In this order: the first rule that refuses decides. Access itself is decided by the accounts service before. */
const rules: readonly Rule[] = [
  product,
  disabled,
  creating,
  version,
  upgrade,
  draining,
  shortOfMemory,
  limits,
]

export function refusalOf(candidate: Candidate): Refusal | undefined {
  for (const rule of rules) {
    const refusal = rule(candidate)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** Failures after which a client does not try again. */
const final: ReadonlySet<string> = new Set<StatusCode>([
  'platform:status:Forbidden',
  'platform:status:WorkspaceNotFound',
  'platform:status:AccountNotFound',
])

/** A rule refused the applicant. */
export class AdmissionRefused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.reason.reason)
    this.refusal = refusal
  }
}

/** The refusal for a failure before any rule was asked: of the token, the accounts service, or the workspace. */
export function refusalFor(error: Status): Refusal {
  // As for any bad token: the client comes back with another one.
  if (error.code === 'platform:status:Unauthorized')
    return { response: { result: 'hello', error }, reason: closeCodes.unauthorized }
  return refused(error, final.has(error.code))
}

/** A refusal for a reason that is not an upgrade. */
function refused(error: Status, terminate: boolean): Refusal {
  const reason = terminate ? closeCodes.refused : closeCodes.overloaded
  return { response: terminate ? { error, terminate } : { error }, reason }
}

function product({ token, info, productId }: Candidate): Refusal | undefined {
  const expected = productId || info.productId
  if (!expected || token.productId === '' || token.productId === expected) return undefined
  return refused(new StatusError('core:status:InvalidProduct', { productId: token.productId }).status, true)
}

function disabled({ info }: Candidate): Refusal | undefined {
  if (info.disabled !== true) return undefined
  return refused(new StatusError('platform:status:WorkspaceDisabled').status, true)
}

function creating({ token, info }: Candidate): Refusal | undefined {
  if (info.creating !== true || token.email === SYSTEM_EMAIL) return undefined
  const params = { progress: info.createProgress ?? 0 }
  return refused(new StatusError('platform:status:WorkspaceCreating', params).status, false)
}

function version({ token, info, modelVersion }: Candidate): Refusal | undefined {
  if (token.mode !== 'user' || !info.version) return undefined
  const same = (['major', 'minor', 'patch'] as const).every(
    (part) => info.version?.[part] === modelVersion[part],
  )
  return same ? undefined : upgradingRefusal(info.upgrade)
}

function upgrade({ token, info, upgrading }: Candidate): Refusal | undefined {
  return upgrading && token.mode !== 'upgrade' ? upgradingRefusal(info.upgrade) : undefined
}

/** @param stats how far it has come */
export function upgradingRefusal(stats: WorkspaceInfo['upgrade']): Refusal {
  const result = stats == null ? { state: 'upgrading' } : { state: 'upgrading', stats }
  return { response: { result }, reason: closeCodes.upgrading }
}

function draining(candidate: Candidate): Refusal | undefined {
  if (!candidate.draining) return undefined
  const { status } = new StatusError('platform:status:Unavailable', { message: 'the server stops' })
  return { response: { error: status }, reason: closeCodes.restart }
}

function shortOfMemory({ overloaded: isShort, token }: Candidate): Refusal | undefined {
  if (!isShort || token.admin) return undefined
  return refused(overloaded(RETRY_AFTER).status, false)
}

function limits({ limit }: Candidate): Refusal | undefined {
  return limit === undefined
    ? undefined
    : refused(new StatusError('platform:status:LimitReached', limit).status, false)
}

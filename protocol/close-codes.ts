/**
 * Why the server closes a socket. The range tells whether the client reconnects: standard codes and 4000-4099: yes,
 * at once or after the delay in the reason; 4100-4199: yes, with another token; 4200-4299: no.
 */
export const closeCodes = {
  normal: { code: 1000, reason: 'closed', reconnect: true },
  messageTooBig: { code: 1009, reason: 'message too big', reconnect: true },
  internalError: { code: 1011, reason: 'internal error', reconnect: true },
  restart: { code: 1012, reason: 'server restarts', reconnect: true },
  overloaded: { code: 1013, reason: 'try again later', reconnect: true },
  workspaceClosed: { code: 4000, reason: 'workspace closed', reconnect: true },
  upgrading: { code: 4001, reason: 'workspace is upgraded', reconnect: true },
  replaced: { code: 4200, reason: 'replaced by another connection', reconnect: false },
  sessionTaken: { code: 4201, reason: 'session id is in use', reconnect: false },
  refused: { code: 4202, reason: 'refused', reconnect: false },
  closedByAdmin: { code: 4203, reason: 'closed by an administrator', reconnect: false },
  memberRemoved: { code: 4204, reason: 'no longer a member', reconnect: false },
  unauthorized: { code: 4100, reason: 'token refused', reconnect: true },
  tokenExpired: { code: 4101, reason: 'token expired', reconnect: true },
  tokenRevoked: { code: 4102, reason: 'token revoked', reconnect: true },
} as const satisfies Record<string, CloseReason>

export interface CloseReason {
  code: number
  /** At most 123 bytes: a limit of the WebSocket protocol. */
  reason: string
  reconnect: boolean
}

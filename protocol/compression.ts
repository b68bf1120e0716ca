/**
 * First byte of a compressed payload (raw deflate, RFC 1951, in a binary frame): the type of its content. No message
 * packed with msgpackr starts with it.
 */
export const DEFLATED_BINARY = 1
export const DEFLATED_TEXT = 2

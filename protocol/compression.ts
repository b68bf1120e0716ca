/**
 * First byte of a compressed payload (raw deflate, RFC 1951, in a binary frame), which tells what it is of. No message
 * packed with msgpackr begins so.
 */
export const DEFLATED_BINARY = 1
export const DEFLATED_TEXT = 2

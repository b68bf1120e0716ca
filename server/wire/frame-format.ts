/** How a session wants its frames. Every encoder takes one; sessions of one format share what is encoded for all. */
export interface FrameFormat {
  /** MessagePack in binary frames, instead of JSON in text frames. */
  readonly binary: boolean
  /** Pushes carry positions in the log: protocol 2. */
  readonly numbered: boolean
  /** Responses are deflated where that makes them smaller. */
  readonly compressed: boolean
}

/** The format of everything that is sent before the client has said which one it wants, and of `hello` itself. */
export const initialFormat: FrameFormat = { binary: false, numbered: false, compressed: false }

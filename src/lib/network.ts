/** How to reach a server. */
export interface Peer {
  /** `https://host:port`, no slash at the end. */
  readonly origin: string
  /** PEM text of the authorities to trust instead of the system's; null = the system's. */
  readonly ca: string | null
  readonly insecure: boolean
  readonly proxy: string | null
}

/** What is sent. */
export interface Message {
  readonly method: string
  /** Whole and encoded. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** The head of an answer, and its body as it comes. */
export interface Reply {
  readonly status: number
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, unknown>>
  /** Leaving the loop over it cuts the connection; so does the signal that the message was sent with. */
  readonly body: AsyncIterable<Uint8Array>
  /** Nobody reads the body. */
  discard(): void
}

/** A way to one server. */
export interface Line {
  /** Resolves when the head of the answer is there, whatever its status; rejects with an error that has a `code` when none comes. */
  send(message: Message, signal: AbortSignal): Promise<Reply>
  /** Cuts what is under way. */
  close(): void
}

/** The outside world as an argument, as clock and random are: sockets, or a world in memory for simulations. Opens nothing before the first message. */
export interface Network {
  /** For questions with short answers: connections kept open between them, at most `width` at once. */
  questions(peer: Peer, width: number): Line
  /** For an answer that may take as long as it likes: a connection of its own. */
  stream(peer: Peer): Line
}

interface Ahead {
  /** Read, and not yet taken. */
  text: string
  state: 'open' | 'ended' | 'left'
  /** What the source threw; at most one. */
  readonly errors: unknown[]
}

/**
 * Hands on together what a source of text gives while its consumer is at work, so that what it is given grows by itself the longer it takes. Reads
 * ahead until `most` characters wait, then not before they are taken. What came before an error is handed on before it is thrown. A consumer that
 * leaves early has `close` called, which has to end the source.
 */
export async function* gather(
  source: AsyncIterable<string>,
  most: number,
  close: () => void,
): AsyncGenerator<string, void, undefined> {
  const ahead: Ahead = { text: '', state: 'open', errors: [] }
  let [arrived, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const read = async () => {
    try {
      for await (const text of source) {
        ahead.text += text
        arrived.resolve()
        while (ahead.text.length >= most && ahead.state === 'open') await taken.promise
        if (ahead.state === 'left') return
      }
    } catch (error) {
      ahead.errors.push(error)
    }
    ahead.state = 'ended'
    arrived.resolve()
  }
  void read()
  try {
    while (ahead.text !== '' || ahead.state === 'open') {
      if (ahead.text === '') await arrived.promise
      const { text } = ahead
      ahead.text = ''
      taken.resolve()
      ;[arrived, taken] = [Promise.withResolvers(), Promise.withResolvers()]
      if (text !== '') yield text
    }
    for (const error of ahead.errors) throw error
  } finally {
    ahead.state = 'left'
    taken.resolve()
    close()
  }
}

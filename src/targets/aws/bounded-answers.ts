import { pipeline, Readable, Transform } from 'node:stream'

/** AWS' own answers end long before: a function says at most 6 MiB. */
const mostBytes = 16 * 1_048_576

interface Handler {
  handle(...asked: readonly never[]): Promise<{ readonly response: { body?: unknown } }>
}

/** For `extensions` of a client: the SDK gathers an answer for as long as it comes, also when nobody waits for it any more; this ends it. */
export const boundedAnswers = {
  configure(client: { httpHandler(): Handler }): void {
    const handler = client.httpHandler()
    const handle = handler.handle.bind(handler)
    handler.handle = async (...asked) => {
      const answer = await handle(...asked)
      const { body } = answer.response
      // An error of either side reaches whoever reads.
      if (body instanceof Readable) answer.response.body = pipeline(body, bound(), () => {})
      return answer
    }
  },
}

function bound(): Transform {
  let length = 0
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      length += chunk.length
      if (length > mostBytes) done(new Error('the answer is too long to be one of AWS'))
      else done(null, chunk)
    },
  })
}

import { pipeline, Readable, Transform } from 'node:stream'
import type { TargetDeps } from '../define.ts'

/** AWS' own answers end long before: a function says at most 6 MiB. */
const mostBytes = 16 * 1_048_576

interface Handler {
  handle(...asked: readonly never[]): Promise<{ readonly response: { body?: unknown } }>
}

/**
 * For `extensions` of a client: the SDK waits for the head of an answer as long as it is told, but gathers the rest for as long as it comes, also when
 * nobody waits for it any more; this ends it.
 */
export function boundedAnswers(deps: Pick<TargetDeps, 'clock' | 'timeoutMs'>) {
  return {
    configure(client: { httpHandler(): Handler }): void {
      const handler = client.httpHandler()
      const handle = handler.handle.bind(handler)
      handler.handle = async (...asked) => {
        const answer = await handle(...asked)
        const { body } = answer.response
        if (body instanceof Readable) answer.response.body = bounded(body, deps)
        return answer
      }
    },
  }
}

function bounded(body: Readable, { clock, timeoutMs }: Pick<TargetDeps, 'clock' | 'timeoutMs'>): Readable {
  const cancel = clock.timer(timeoutMs, () => body.destroy(failure('AnswerTooSlow', 'the answer did not end in time')))
  // An error of either side reaches whoever reads.
  return pipeline(body, counted(), cancel)
}

function counted(): Transform {
  let length = 0
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      length += chunk.length
      if (length > mostBytes) done(failure('AnswerTooLong', 'the answer is too long to be one of AWS or S3'))
      else done(null, chunk)
    },
  })
}

/** By its name an outcome tells of it. */
function failure(name: string, message: string): Error {
  return Object.assign(new Error(message), { name })
}

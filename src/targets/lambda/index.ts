import { z } from 'zod'
import type { Answer, ClaimedDelivery, Outcome } from '../../core/delivery.ts'
import type { Target } from '../../core/target.ts'
import { formatNames, formats } from '../../formats/registry.ts'
import { cappedBytes } from '../../lib/capped.ts'
import { lazily } from '../../lib/lazily.ts'
import { awsOptions, clientConfig } from '../aws/client.ts'
import { answered, attempt } from '../aws/outcome.ts'
import { defineTarget, type TargetDeps } from '../define.ts'

const options = z.strictObject({
  ...awsOptions,
  function: z.string().min(1).describe('Function: its name, its ARN, or either with `:` and a version or alias'),
  qualifier: z.string().min(1).optional().describe('Version or alias'),
  invocation: z
    .enum(['Event', 'RequestResponse'])
    .default('Event')
    .describe('`Event` hands the event over and does not wait; `RequestResponse` waits for the function to end'),
  format: z.enum(formatNames).default('classic-percent').describe('How the event is written; it is the whole payload'),
})

type Options = z.output<typeof options>

/** This payload will never be taken. */
const aboutEvent: ReadonlySet<string> = new Set([
  'RequestTooLargeException',
  'InvalidRequestContentException',
  'UnsupportedMediaTypeException',
])

/** Invokes an AWS Lambda function for each event. */
export const lambda = defineTarget({ type: 'lambda', options, create: (given, deps) => new Lambda(given, deps) })

class Lambda implements Target {
  readonly #options: Options
  readonly #deps: TargetDeps
  readonly #client: ReturnType<typeof lazily<Awaited<ReturnType<typeof loadClient>>>>

  constructor(given: Options, deps: TargetDeps) {
    this.#options = given
    this.#deps = deps
    this.#client = lazily(() => loadClient(given, deps))
  }

  deliver(delivery: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    const { format, invocation } = this.#options
    return attempt(this.#deps, signal, aboutEvent, async (abortSignal) => {
      const { client, InvokeCommand } = await this.#client.get()
      const { StatusCode, FunctionError, Payload } = await client.send(
        new InvokeCommand({
          ...this.#named(),
          InvocationType: invocation,
          Payload: formats[format](delivery.event).body,
        }),
        { abortSignal },
      )
      const answer = { status: StatusCode ?? 200, body: cappedBytes(Payload ?? new Uint8Array()) } satisfies Answer
      if (FunctionError === undefined) return { kind: 'delivered', answer }
      return { kind: 'retry', reason: `the function failed (${FunctionError})`, answer }
    })
  }

  async probe(signal: AbortSignal): Promise<string> {
    const { client, InvokeCommand } = await this.#client.get()
    const asked = new InvokeCommand({ ...this.#named(), InvocationType: 'DryRun' })
    await answered(client.send(asked, { abortSignal: signal }), signal)
    return `function ${this.#options.function} may be invoked`
  }

  async close(): Promise<void> {
    const made = await this.#client.made
    made?.client.destroy()
  }

  #named() {
    const { function: name, qualifier } = this.#options
    return { FunctionName: name, ...(qualifier === undefined ? {} : { Qualifier: qualifier }) }
  }
}

async function loadClient(given: Options, deps: TargetDeps) {
  const { LambdaClient, InvokeCommand } = await import('@aws-sdk/client-lambda')
  return { client: new LambdaClient(clientConfig(given, deps)), InvokeCommand }
}

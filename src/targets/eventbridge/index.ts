import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge'
import { z } from 'zod'
import type { ClaimedDelivery, Outcome } from '../../core/delivery.ts'
import type { Target } from '../../core/target.ts'
import { eventBridgeEntry } from '../../formats/object-created.ts'
import { Batcher } from '../../lib/batcher.ts'
import { capped } from '../../lib/capped.ts'
import { lazily } from '../../lib/lazily.ts'
import { onAbort } from '../../lib/on-abort.ts'
import { awsOptions, clientConfig } from '../aws/client.ts'
import { answered, attempt, mostReason } from '../aws/outcome.ts'
import { defineTarget, type TargetDeps } from '../define.ts'

const options = z.strictObject({
  ...awsOptions,
  bus: z.string().min(1).default('default').describe('Event bus: its name or ARN'),
  source: z
    .string()
    .regex(/^(?!aws\.)[\w./-]{1,256}$/, 'letters, digits and ._-/, and not `aws.` at its beginning')
    .optional()
    .describe('`source` of the entries; by default `onetrigger`'),
})

type Options = z.output<typeof options>

/** Limits of one PutEvents. */
const [mostEntries, mostBytes] = [10, 262_144]
const waitMs = 5

/** These will always be refused. */
const aboutEvent: ReadonlySet<string> = new Set(['MalformedDetail', 'InvalidArgument', 'RedactionFailure'])

/** Puts each event on an EventBridge bus; what is owed at the same time goes together. */
export const eventbridge = defineTarget({
  type: 'eventbridge',
  options,
  create: (given, deps) => new EventBridge(given, deps),
})

class EventBridge implements Target {
  readonly #options: Options
  readonly #deps: TargetDeps
  readonly #batcher: Batcher<PutEventsRequestEntry, Outcome>
  readonly #sdk: ReturnType<typeof lazily<Awaited<ReturnType<typeof loadSdk>>>>

  constructor(given: Options, deps: TargetDeps) {
    this.#options = given
    this.#deps = deps
    this.#sdk = lazily(() => loadSdk(given, deps))
    const { clock } = deps
    const send = (entries: readonly PutEventsRequestEntry[]) => this.#put(entries)
    this.#batcher = new Batcher({ send, clock, most: mostEntries, mostWeight: mostBytes, waitMs })
  }

  async deliver({ event }: ClaimedDelivery, signal: AbortSignal): Promise<Outcome> {
    const { source, detailType, time, resources, detail } = eventBridgeEntry(event)
    const entry = {
      EventBusName: this.#options.bus,
      Source: this.#options.source ?? source,
      DetailType: detailType,
      Time: time,
      Resources: [...resources],
      Detail: detail,
    }
    const size = sizeOf(entry)
    if (size > mostBytes) {
      return { kind: 'rejected', reason: `the entry has ${size} bytes, and EventBridge takes ${mostBytes}` }
    }
    signal.throwIfAborted()
    const aborted = Promise.withResolvers<never>()
    const cancelAbort = onAbort(signal, () => aborted.reject(signal.reason))
    try {
      // A batch belongs to all of its entries: one that leaves does not end it.
      return await Promise.race([this.#batcher.add(entry, size), aborted.promise])
    } finally {
      cancelAbort()
    }
  }

  async probe(signal: AbortSignal): Promise<string> {
    const { client, DescribeEventBusCommand } = await this.#sdk.get()
    const asked = new DescribeEventBusCommand({ Name: this.#options.bus })
    const { Arn } = await answered(client.send(asked, { abortSignal: signal }), signal)
    return `bus ${this.#options.bus} is there (${Arn ?? 'without ARN'})`
  }

  async close(): Promise<void> {
    const made = await this.#sdk.made
    made?.client.destroy()
  }

  async #put(entries: readonly PutEventsRequestEntry[]): Promise<readonly Outcome[]> {
    const results: unknown[] = []
    const outcome = await attempt(this.#deps, new AbortController().signal, aboutEvent, async (abortSignal) => {
      const { client, PutEventsCommand } = await this.#sdk.get()
      const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: [...entries] }), { abortSignal })
      results.push(...Entries)
      return { kind: 'delivered' }
    })
    return entries.map((_, index) => (outcome.kind === 'delivered' ? outcomeOfEntry(results[index]) : outcome))
  }
}

/** The SDK hands over what came, whatever its types say. */
const entryResult = z.union([
  z.object({ ErrorCode: z.string().min(1), ErrorMessage: z.string().default('').catch('') }),
  z.object({ EventId: z.string().min(1), ErrorCode: z.null().optional() }),
])

function outcomeOfEntry(result: unknown): Outcome {
  const { data } = entryResult.safeParse(result)
  if (data === undefined) {
    return { kind: 'retry', reason: 'EventBridge said nothing about this entry that can be understood' }
  }
  if (typeof data.ErrorCode !== 'string')
    return { kind: 'delivered', answer: { status: 200, body: capped(data.EventId) } }
  const { ErrorCode, ErrorMessage } = data
  const said = `${ErrorCode}${ErrorMessage === '' ? '' : `: ${ErrorMessage}`}`
  const reason = `EventBridge refused the entry: ${said}`.slice(0, mostReason)
  if (/^Throttling/.test(ErrorCode)) return { kind: 'retry', reason, throttled: true }
  if (/^Internal/.test(ErrorCode)) return { kind: 'retry', reason }
  return { kind: aboutEvent.has(ErrorCode) ? 'rejected' : 'unavailable', reason }
}

/** As AWS counts an entry: 14 for the time, and the bytes of its texts. */
function sizeOf({ Source = '', DetailType = '', Detail = '', Resources = [] }: PutEventsRequestEntry): number {
  return [Source, DetailType, Detail, ...Resources].reduce((sum, text) => sum + Buffer.byteLength(text), 14)
}

async function loadSdk(given: Options, deps: TargetDeps) {
  const { EventBridgeClient, PutEventsCommand, DescribeEventBusCommand } = await import('@aws-sdk/client-eventbridge')
  return { client: new EventBridgeClient(clientConfig(given, deps)), PutEventsCommand, DescribeEventBusCommand }
}

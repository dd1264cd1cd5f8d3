import fc from 'fast-check'
import type { ClaimedDelivery } from '../../../src/core/delivery.ts'
import type { FileEvent } from '../../../src/core/event.ts'
import { completeEventId, deliveryId, jobName } from '../../../src/core/ids.ts'
import { defaultRetry, nextStep, parseRetryAfter } from '../../../src/core/retry.ts'
import { classic } from '../../../src/formats/classic.ts'
import { cloudEventHeaders } from '../../../src/formats/cloudevents.ts'
import { eventBridgeEntry, s3Record } from '../../../src/formats/object-created.ts'
import { formatNames, formats } from '../../../src/formats/registry.ts'
import { eventEnvironment } from '../../../src/targets/exec/environment.ts'
import { batch } from '../../../src/targets/registry.ts'
import { anEvent } from '../../support/builders.ts'
import { targetDeps } from '../../support/target-deps.ts'
import { type Area, property } from '../fuzz.ts'
import { texts } from '../junk.ts'

const names = fc.oneof(texts, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }))

/** An event about a file of any name in a space of any name. */
export const fileEvents: fc.Arbitrary<FileEvent> = fc
  .record({
    id: fc.constantFrom('evt_a', 'evt_b'),
    path: fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
    fileId: names,
    space: fc.record({ id: names, name: names }),
    size: fc.maxSafeInteger().map(Math.abs),
    mtime: fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 }),
    eventTime: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    kind: fc.constantFrom('complete' as const, 'stalled' as const),
    checksum: names,
  })
  .map(({ checksum, ...event }) => {
    const evidence = { rung: 'quiet', because: 'it was quiet', quietMs: 1, lastChangeAt: 0, checksum } as const
    return anEvent({ ...event, evidence })
  })

function expect(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(what)
}

function deliveryOf(event: FileEvent): ClaimedDelivery {
  return { id: deliveryId(event.id, 'target'), target: 'target', event, createdAt: 0, attempt: 1 }
}

/** Whatever a file is called. */
export const events: Area = {
  'every format is written, as JSON, with headers that HTTP can carry': property(fileEvents, (event) => {
    for (const name of formatNames) {
      const { body, headers = {} } = formats[name](event)
      JSON.parse(body)
      for (const [key, value] of Object.entries(headers)) {
        expect(`${name}: a header ${key}: ${JSON.stringify(value)}`, /^[a-z-]+$/.test(key) && /^[!-~]*$/.test(value))
      }
    }
  }),
  'classic tells the path as it is, also when it passes a shell': property(fileEvents, (event) => {
    const key = `/${event.space.name}/${event.path}`
    expect('classic', JSON.parse(classic(event)).Key === key)
    const safe = classic(event, { shellSafe: true })
    expect('shell-safe classic', JSON.parse(safe).Key === key.toWellFormed())
    expect(`a shell looks at ${safe}`, /^[A-Za-z0-9_.,:/@%+="{}[\]\\-]*$/.test(safe) && !/\\[^u]/.test(safe))
  }),
  'a header of CloudEvents gives the path back': property(fileEvents, (event) => {
    const subject = cloudEventHeaders(event)['ce-subject'] ?? ''
    expect(`subject ${subject}`, decodeURIComponent(subject) === event.path.toWellFormed())
  }),
  'a key of S3 gives the path back': property(fileEvents, (event) => {
    const { key } = JSON.parse(s3Record(event)).Records[0].s3.object
    expect(`key ${key}`, decodeURIComponent(key.replaceAll('+', ' ')) === event.path.toWellFormed())
    JSON.parse(eventBridgeEntry(event).detail)
  }),
  'names of jobs are DNS labels, and ids have one form': property(
    fc.tuple(fileEvents, names, names),
    ([event, trigger, target]) => {
      const { fileId, size, mtime } = event
      const id = completeEventId({ trigger, spaceId: event.space.id, fileId, size, mtime })
      expect(`event id ${id}`, /^evt_[A-Za-z0-9]{10,64}$/.test(id))
      const name = jobName(deliveryId(id, target))
      expect(`name of a job ${name}`, /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    },
  ),
  'the environment of a command holds texts only': property(fileEvents, (event) => {
    for (const [key, value] of Object.entries(eventEnvironment(deliveryOf(event), classic(event), '/tmp'))) {
      expect(`${key} is ${typeof value}`, typeof value === 'string')
    }
  }),
  'an event that is too long for AWS Batch is rejected before anything is sent': property(
    fc.tuple(fileEvents, fc.integer({ min: 9_000, max: 40_000 })),
    async ([event, length]) => {
      const target = batch.build({ queue: 'q', region: 'us-east-1' }, targetDeps({ egress: nobody }))
      const outcome = await target.deliver(
        deliveryOf({ ...event, path: 'x'.repeat(length) }),
        new AbortController().signal,
      )
      await target.close?.()
      expect(outcome.kind, outcome.kind === 'rejected')
    },
  ),
  'Retry-After is a time to wait, or nothing': property(
    fc.tuple(
      fc.oneof(
        texts,
        fc.double().map(String),
        fc.bigInt().map(String),
        fc.nat(2_000).map((digits) => '9'.repeat(digits)),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        fc.tuple(fc.constantFrom('Mon, ', 'Sunday, ', 'Fri, 99 Foo '), texts).map((parts) => parts.join('')),
      ),
      fc.integer({ min: 0, max: 4_102_444_800_000 }),
    ),
    ([header, now]) => {
      const wait = parseRetryAfter(header, now)
      if (wait === null) return
      expect(`a wait of ${wait}`, Number.isFinite(wait) && wait >= 0)
      const next = nextStep({ attempt: 1 }, { kind: 'retry', reason: '', retryAfterMs: wait }, defaultRetry, now, 0.5)
      const latest = now + defaultRetry.retryAfterCapMs
      expect(
        `the next attempt at ${JSON.stringify(next)}`,
        next.kind === 'again' && next.nextAt > now && next.nextAt <= latest,
      )
    },
  ),
}

/** Nobody can be reached: a request would fail. */
const nobody = { lookup: () => {}, checkHost: () => {} } as never

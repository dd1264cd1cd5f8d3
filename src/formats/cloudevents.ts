import { createHash } from 'node:crypto'
import { type Event, subjectOf } from '../core/event.ts'

/** Attributes of a CloudEvent 1.0.2 with the extensions partitioning, sequence and distributed tracing. All of them are strings. */
export type CloudEventAttributes = Readonly<Record<string, string>>

/**
 * The attributes of an event. `sequence` sorts as text: a newer revision of a file comes behind the one before. `traceparent` derives from the id, so that
 * all attempts belong to one trace.
 */
export function cloudEventAttributes(event: Event): CloudEventAttributes {
  const common = {
    specversion: '1.0',
    id: event.id,
    time: new Date(event.eventTime).toISOString(),
    datacontenttype: 'application/json',
    subject: subjectOf(event).toWellFormed(),
    sequence: String(event.eventTime).padStart(16, '0'),
    traceparent: traceparentOf(event.id),
  }
  if (event.kind === 'notice') {
    return { ...common, source: '/onetrigger', type: `io.onetrigger.${event.type}`, partitionkey: event.subject }
  }
  return {
    ...common,
    source: `onedata:/spaces/${encodeURIComponent(event.space.id.toWellFormed())}`,
    type: `io.onetrigger.file.${event.kind}`,
    partitionkey: event.fileId,
  }
}

/** The `data` of an event, the same in both modes. Times are ISO 8601 in UTC, sizes bytes. */
export function cloudEventData(event: Event): object {
  if (event.kind === 'notice') return { message: event.message, ...event.data }
  const { rung, because, quietMs, lastChangeAt, checksum } = event.evidence
  return {
    trigger: event.trigger,
    source: event.source,
    space: event.space,
    fileId: event.fileId,
    path: event.path,
    size: event.size,
    mtime: new Date(event.mtime * 1_000).toISOString(),
    evidence: {
      rung,
      because,
      quietMs,
      lastChange: new Date(lastChangeAt).toISOString(),
      ...(checksum === undefined ? {} : { checksum }),
    },
    ...(event.supersedes === undefined ? {} : { supersedes: event.supersedes }),
  }
}

/** One JSON document with everything in it (`application/cloudevents+json`). */
export function structuredCloudEvent(event: Event): string {
  return JSON.stringify({ ...cloudEventAttributes(event), data: cloudEventData(event) })
}

/** The attributes as `ce-` headers; the data is the body. */
export function cloudEventHeaders(event: Event): Readonly<Record<string, string>> {
  const { datacontenttype, ...attributes } = cloudEventAttributes(event)
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, headerValue(value)]))
}

const utf8 = new TextEncoder()

/** HTTP binding 1.0.2, 3.1.3.2: blank, `"`, `%` and all that is not printable ASCII are percent-encoded, as UTF-8. */
export function headerValue(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\u0021\u0023\u0024\u0026-\u007e]/gu, (character) =>
      [...utf8.encode(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    )
}

function traceparentOf(id: string): string {
  const hash = createHash('sha256').update(id).digest('hex')
  return `00-${hash.slice(0, 32)}-${hash.slice(32, 48)}-01`
}

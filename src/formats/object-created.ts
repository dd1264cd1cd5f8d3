import { createHash } from 'node:crypto'
import { type Event, type FileEvent, type Notice, subjectOf } from '../core/event.ts'
import { cloudEventData } from './cloudevents.ts'

/**
 * The notification that MinIO sends for a new object, as OSCAR and SCAR take it: the space is the bucket, the path its key (form-encoded, as S3 does).
 * What is no upload says so by `eventSource`, which no supervisor knows.
 */
export function s3Record(event: Event): string {
  return JSON.stringify(event.kind === 'notice' ? noticeRecord(event) : fileRecord(event))
}

function fileRecord(event: FileEvent): object {
  const { kind, space, path, size, eventTime } = event
  const isComplete = kind === 'complete'
  const eventName = isComplete ? 's3:ObjectCreated:Put' : 'onetrigger:FileStalled'
  const principal = { principalId: '' }
  const record = {
    eventVersion: '2.0',
    eventSource: isComplete ? 'minio:s3' : 'onetrigger:stalled',
    awsRegion: '',
    eventTime: new Date(eventTime).toISOString(),
    eventName,
    userIdentity: principal,
    // OSCAR 3.3 reads both, whatever they say.
    requestParameters: { principalId: '', sourceIPAddress: '' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'onetrigger',
      bucket: { name: space.name, ownerIdentity: principal, arn: `arn:aws:s3:::${space.name}` },
      object: { key: formEncoded(path), size, ...versionOf(event) },
    },
  }
  return { EventName: eventName, Key: `${space.name}/${path}`, Records: [record] }
}

function noticeRecord({ type, subject, eventTime, message, data }: Notice): object {
  const eventName = `onetrigger:${type}`
  const about = { eventTime: new Date(eventTime).toISOString(), eventName, message, data }
  return { EventName: eventName, Key: subject, Records: [{ eventVersion: '2.0', eventSource: 'onetrigger', ...about }] }
}

/** What `PutEvents` is given; `detail` is JSON. */
export interface EventBridgeEntry {
  readonly source: string
  readonly detailType: string
  readonly time: Date
  readonly resources: readonly string[]
  readonly detail: string
}

/**
 * Looks like S3's own "Object Created" but for `source`: names that begin with `aws.` are reserved. Everything else that is known stands below
 * `detail.onetrigger`.
 */
export function eventBridgeEntry(event: Event): EventBridgeEntry {
  const common = { source: 'onetrigger', time: new Date(event.eventTime), resources: [] }
  const onetrigger = { id: event.id, subject: subjectOf(event), ...cloudEventData(event) }
  if (event.kind === 'notice') {
    return { ...common, detailType: `OneTrigger ${event.type}`, detail: JSON.stringify({ onetrigger }) }
  }
  const { space, path, size, kind } = event
  const { eTag: etag, sequencer } = versionOf(event)
  const object = { key: path, size, etag, sequencer }
  const detail = { version: '0', bucket: { name: space.name }, object, 'request-id': event.id, requester: 'onetrigger' }
  if (kind === 'stalled') {
    return { ...common, detailType: 'OneTrigger file.stalled', detail: JSON.stringify({ ...detail, onetrigger }) }
  }
  const created = JSON.stringify({ ...detail, reason: 'PutObject', onetrigger })
  return { ...common, detailType: 'Object Created', detail: created }
}

/** The entry as a rule's target sees it, for webhooks. */
export function eventBridgeEvent(event: Event): string {
  const { source, detailType, time, resources, detail } = eventBridgeEntry(event)
  const parts = { version: '0', id: event.id, 'detail-type': detailType, source, time: time.toISOString(), resources }
  // The detail is JSON already.
  return `${JSON.stringify(parts).slice(0, -1)},"detail":${detail}}`
}

/** Two revisions of a file differ in both; `sequencer` sorts as text. */
function versionOf({ id, eventTime }: FileEvent): { readonly eTag: string; readonly sequencer: string } {
  const eTag = createHash('sha256').update(id).digest('hex').slice(0, 32)
  return { eTag, sequencer: eventTime.toString(16).toUpperCase().padStart(16, '0') }
}

/** As Python's `quote_plus`, with slashes left alone: what `unquote_plus` gives back. */
function formEncoded(key: string): string {
  return encodeURIComponent(key.toWellFormed())
    .replace(/%2F/g, '/')
    .replace(/%20/g, '+')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

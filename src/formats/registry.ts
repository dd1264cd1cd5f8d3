import type { Event } from '../core/event.ts'
import { classic } from './classic.ts'
import { cloudEventData, cloudEventHeaders, structuredCloudEvent } from './cloudevents.ts'
import { eventBridgeEvent, s3Record } from './object-created.ts'

/** An event as it goes over the wire. */
export interface Written {
  /** Value of `Content-Type`, spelled exactly so. */
  readonly contentType: string
  readonly body: string
  /** Further headers that belong to the format (binary CloudEvents); names in lower case, values in ASCII. */
  readonly headers?: Readonly<Record<string, string>>
}

/** How an event is written. Pure: the same event always gives the same bytes. */
export type Format = (event: Event) => Written

export const formatNames = [
  'classic',
  'classic-percent',
  'classic-shell',
  'classic-shell-percent',
  'cloudevents',
  'cloudevents-binary',
  's3',
  'eventbridge',
] as const

export type FormatName = (typeof formatNames)[number]

const json = 'application/json'

/** Formats by the name that `format:` takes. */
export const formats: Readonly<Record<FormatName, Format>> = {
  classic: (event) => ({ contentType: json, body: classic(event) }),
  'classic-percent': (event) => ({ contentType: json, body: classic(event, { key: 'percent' }) }),
  'classic-shell': (event) => ({ contentType: json, body: classic(event, { shellSafe: true }) }),
  'classic-shell-percent': (event) => ({
    contentType: json,
    body: classic(event, { key: 'percent', shellSafe: true }),
  }),
  cloudevents: (event) => ({ contentType: 'application/cloudevents+json', body: structuredCloudEvent(event) }),
  'cloudevents-binary': (event) => ({
    contentType: json,
    body: JSON.stringify(cloudEventData(event)),
    headers: cloudEventHeaders(event),
  }),
  s3: (event) => ({ contentType: json, body: s3Record(event) }),
  eventbridge: (event) => ({ contentType: json, body: eventBridgeEvent(event) }),
}

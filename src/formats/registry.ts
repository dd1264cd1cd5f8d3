import type { Event } from '../core/event.ts'
import { classic } from './classic.ts'

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

export const formatNames = ['classic'] as const

export type FormatName = (typeof formatNames)[number]

/** Formats by the name that `format:` takes. */
export const formats: Readonly<Record<FormatName, Format>> = {
  classic: (event) => ({ contentType: 'application/json', body: classic(event) }),
}

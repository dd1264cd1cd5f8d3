import type { Event } from '../core/event.ts'
import { classic } from './classic.ts'

/** How an event is written on the wire: content type and body. */
export interface Format {
  readonly contentType: string
  write(event: Event): string
}

/** Formats by the name that `format:` takes. */
export const formats = {
  classic: { contentType: 'application/json', write: classic },
} as const satisfies Record<string, Format>

export const formatNames = ['classic'] as const satisfies readonly (keyof typeof formats)[]

import type { Event, FileEvent, Notice } from '../core/event.ts'
import { baseName } from '../core/observation.ts'

/**
 * The event as OneTrigger 1.0.4 sent it, byte for byte as Python's `json.dumps` writes it: separators `, ` and `: `, everything outside ASCII as
 * `\uXXXX`, keys in this order. `eventTime` is UTC without a zone; its fraction has six digits and is absent when it is zero.
 * A stalled file is told with another `eventSource`, so that no consumer takes it for an upload.
 */
export function classic(event: Event): string {
  return event.kind === 'notice' ? classicNotice(event) : classicFile(event)
}

function classicFile(event: FileEvent): string {
  const record = [
    ['objectKey', baseName(event.path)],
    ['objectId', event.fileId],
    ['eventTime', pythonTime(event.eventTime)],
    ['eventSource', event.kind === 'complete' ? 'OneTrigger' : 'OneTrigger:stalled'],
  ] as const
  return pythonEvent(`/${event.space.name}/${event.path}`, record)
}

/** 1.0.4 had no such events: the same shape, with an `eventSource` that no consumer takes for an upload. */
function classicNotice({ subject, id, eventTime, type, message }: Notice): string {
  const record = [
    ['objectKey', subject.slice(subject.lastIndexOf('/') + 1)],
    ['objectId', id],
    ['eventTime', pythonTime(eventTime)],
    ['eventSource', `OneTrigger:${type}`],
    ['message', message],
  ] as const
  return pythonEvent(subject, record)
}

function pythonEvent(key: string, fields: readonly (readonly [string, string])[]): string {
  const record = fields.map(([name, value]) => `"${name}": ${pythonString(value)}`).join(', ')
  return `{"Key": ${pythonString(key)}, "Records": [{${record}}]}`
}

/** `datetime.utcnow().isoformat()`: `2019-02-07T09:51:04.347000`. */
function pythonTime(ms: number): string {
  const text = new Date(ms).toISOString()
  const fraction = text.slice(20, 23)
  return fraction === '000' ? text.slice(0, 19) : `${text.slice(0, 23)}000`
}

/** JSON in ASCII. JavaScript and Python escape the same control characters, but for DEL, which Python leaves as it is too. */
function pythonString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

import type { Event, FileEvent, Notice } from '../core/event.ts'
import { baseName } from '../core/observation.ts'

export interface ClassicOptions {
  /**
   * `percent`: `%`, `#` and `?` in `Key` are percent-encoded, for SCAR functions, which put it into a URL as it is. `objectKey` stays plain.
   */
  readonly key?: 'plain' | 'percent'
  /**
   * The same JSON so that it survives `echo $EVENT` without quotes, which is how OSCAR and SCAR's Batch jobs hand it on: no blanks, and everything that
   * a shell or Kubernetes looks at as `\uXXXX`. Dash, bash and busybox give it back unchanged.
   */
  readonly shellSafe?: boolean
}

/**
 * The event as OneTrigger 1.0.4 sent it, byte for byte as Python's `json.dumps` writes it: separators `, ` and `: `, everything outside ASCII as
 * `\uXXXX`, keys in this order. `eventTime` is UTC without a zone; its fraction has six digits and is absent when it is zero.
 * A stalled file is told with another `eventSource`, so that no consumer takes it for an upload.
 */
export function classic(event: Event, { key = 'plain', shellSafe = false }: ClassicOptions = {}): string {
  const [plainKey, fields] = event.kind === 'notice' ? noticeFields(event) : fileFields(event)
  const write = shellSafe ? shellSafeString : pythonString
  const [comma, colon] = shellSafe ? [',', ':'] : [', ', ': ']
  const record = fields.map(([name, value]) => `"${name}"${colon}${write(value)}`).join(comma)
  const written = write(key === 'percent' ? percentKey(plainKey) : plainKey)
  return `{"Key"${colon}${written}${comma}"Records"${colon}[{${record}}]}`
}

type Fields = readonly (readonly [name: string, value: string])[]

function fileFields(event: FileEvent): readonly [key: string, fields: Fields] {
  const fields = [
    ['objectKey', baseName(event.path)],
    ['objectId', event.fileId],
    ['eventTime', pythonTime(event.eventTime)],
    ['eventSource', event.kind === 'complete' ? 'OneTrigger' : 'OneTrigger:stalled'],
  ] as const
  return [`/${event.space.name}/${event.path}`, fields]
}

/** 1.0.4 had no such events: the same shape, with an `eventSource` that no consumer takes for an upload. */
function noticeFields({ subject, id, eventTime, type, message }: Notice): readonly [key: string, fields: Fields] {
  const fields = [
    ['objectKey', subject.slice(subject.lastIndexOf('/') + 1)],
    ['objectId', id],
    ['eventTime', pythonTime(eventTime)],
    ['eventSource', `OneTrigger:${type}`],
    ['message', message],
  ] as const
  return [subject, fields]
}

/** `datetime.utcnow().isoformat()`: `2019-02-07T09:51:04.347000`. */
function pythonTime(ms: number): string {
  const text = new Date(ms).toISOString()
  const fraction = text.slice(20, 23)
  return fraction === '000' ? text.slice(0, 19) : `${text.slice(0, 23)}000`
}

/** JSON in printable ASCII. Below blank, JavaScript and Python escape alike; DEL only Python does. */
function pythonString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, asEscape)
}

/**
 * Only letters, digits and what no shell looks at stay as they are. JSON's short escapes would be undone by dash's `echo`, `$(NAME)` by Kubernetes in
 * the value of an environment variable.
 */
function shellSafeString(text: string): string {
  return `"${text.toWellFormed().replace(/[^A-Za-z0-9_.,:/@%+=-]/g, asEscape)}"`
}

function asEscape(unit: string): string {
  return Array.from({ length: unit.length }, (_, index) => {
    return `\\u${unit.charCodeAt(index).toString(16).padStart(4, '0')}`
  }).join('')
}

function percentKey(key: string): string {
  return key.replace(/[%#?]/g, (character) => encodeURIComponent(character))
}

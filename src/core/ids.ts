import { hash } from 'node:crypto'

/** What makes one version of one file's content, for one trigger. */
export interface RevisionKey {
  readonly trigger: string
  readonly spaceId: string
  readonly fileId: string
  /** Bytes. */
  readonly size: number
  /** Seconds since the epoch, whole. */
  readonly mtime: number
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** RFC 4648 base32 in lower case without padding: 52 characters for a SHA-256. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let buffer = 0
  let bits = 0
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(buffer >> bits) & 31]
    }
  }
  return bits > 0 ? text + alphabet[(buffer << (5 - bits)) & 31] : text
}

/** SHA-256 over the fields, each as UTF-8 behind its length in bytes (32 bit, big-endian), so that no two lists collide. */
function digest(fields: readonly string[]): string {
  const lengths = fields.map((field) => Buffer.byteLength(field))
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0))
  let at = 0
  for (const [index, field] of fields.entries()) {
    at = bytes.writeUInt32BE(lengths[index] ?? 0, at)
    at += bytes.write(field, at)
  }
  return base32(hash('sha256', bytes, 'buffer'))
}

/** The id of "this revision is complete" (ADR 0002): the same after any loss of state. */
export function completeEventId(key: RevisionKey): string {
  return `evt_${digest(['onetrigger.event.v1', key.trigger, key.spaceId, key.fileId, String(key.size), String(key.mtime)])}`
}

/** The id of "this revision stopped growing without being complete"; never equal to a complete one's. */
export function stalledEventId(key: RevisionKey): string {
  return `evt_${digest(['onetrigger.stalled.v1', key.trigger, key.spaceId, key.fileId, String(key.size), String(key.mtime)])}`
}

/**
 * The id of one event's delivery to one target, on which receivers de-duplicate. `run` is 0 but for an asked-for second run of the
 * same work, which is meant not to be recognised.
 */
export function deliveryId(eventId: string, target: string, run = 0): string {
  const fields = ['onetrigger.delivery.v1', eventId, target]
  return `dlv_${digest(run === 0 ? fields : [...fields, String(run)])}`
}

/** The id of one of OneTrigger's own events; the same when the same thing is told again after a crash. */
export function noticeId(type: string, subject: string, occasion: string): string {
  return `evt_${digest(['onetrigger.notice.v1', type, subject, occasion])}`
}

/** A delivery's id as a DNS label for names of jobs: `ot-` and 52 characters of base32. The same delivery always gives the same name. */
export function jobName(delivery: string): string {
  return `ot-${delivery.replace(/^dlv_/, '')}`
}

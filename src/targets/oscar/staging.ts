import { createHash } from 'node:crypto'
import type { Outcome } from '../../core/delivery.ts'
import type { FileEvent } from '../../core/event.ts'
import type { TargetDeps } from '../define.ts'
import { type Bucket, mostParts, openBucket, type Part } from './bucket.ts'
import type { Destination } from './destination.ts'

/** Parts are held in memory one at a time. */
const leastPartBytes = 8 * 1_048_576

/** S3 takes no longer keys, as UTF-8. */
const mostKeyBytes = 1_024

/** The file is not what the event is about any more: its newer version has an event of its own. */
class FileChanged extends Error {}

/**
 * Copies the file of an event into a bucket, part by part. What an attempt before has uploaded is found again by the name of the delivery; an object that is
 * there already is not written a second time, so that the service runs once. Resolves with an outcome; rejects on abort, with `SourceError`, and with
 * what the bucket says.
 */
export async function stageFile(
  event: FileEvent,
  name: string,
  destination: Destination,
  deps: TargetDeps,
  signal: AbortSignal,
): Promise<Outcome> {
  const key = `${destination.folder}${event.path}`
  const keyBytes = Buffer.byteLength(key)
  if (keyBytes > mostKeyBytes) {
    return { kind: 'rejected', reason: `the key of the file has ${keyBytes} bytes, and S3 takes ${mostKeyBytes} bytes` }
  }
  const bucket = await openBucket(destination, deps)
  try {
    const known = await bucket.head(key, signal)
    if (known?.delivery !== name || known.size !== event.size) {
      const source = new Content(event, deps)
      const partBytes = partSize(event.size)
      await source.check(signal)
      if (event.size <= partBytes) await putWhole(bucket, { key, name, size: event.size, partBytes, source }, signal)
      else await uploadParts(bucket, { key, name, size: event.size, partBytes, source }, signal)
      const size = (await bucket.head(key, signal))?.size
      if (size !== event.size) return { kind: 'retry', reason: `the object has ${size} bytes and not ${event.size}` }
    }
    await bucket.forget(name, signal)
    return { kind: 'delivered', answer: { status: 200, body: `${destination.bucket}/${key}`.slice(0, 256) } }
  } catch (error) {
    if (!(error instanceof FileChanged)) throw error
    await bucket.abandon(name, signal)
    return { kind: 'rejected', reason: error.message }
  } finally {
    bucket.close()
  }
}

interface Upload {
  readonly key: string
  readonly name: string
  readonly size: number
  readonly partBytes: number
  readonly source: Content
}

async function putWhole(bucket: Bucket, { key, name, size, source }: Upload, signal: AbortSignal): Promise<void> {
  const bytes = await source.read(0, size, signal)
  await source.check(signal)
  await bucket.put(key, name, bytes, signal)
}

async function uploadParts(
  bucket: Bucket,
  { key, name, size, partBytes, source }: Upload,
  signal: AbortSignal,
): Promise<void> {
  const { uploadId, parts: there } = await bucket.resume(key, name, signal)
  const parts: Part[] = []
  for (let number = 1, start = 0; start < size; number++, start += partBytes) {
    const length = Math.min(partBytes, size - start)
    const known = there.find((part) => part.number === number && part.size === length)
    parts.push(
      known ?? (await bucket.uploadPart(key, uploadId, number, await source.read(start, length, signal), signal)),
    )
  }
  // Nothing that was read is of another version, however long it took and however often it was broken off.
  await source.check(signal)
  const etag = await bucket.complete(key, uploadId, parts, signal)
  if (etag !== combinedTag(parts)) throw new Error('the checksum of the object is not that of its parts')
}

/** Reads what an event is about, and only that. */
class Content {
  readonly #event: FileEvent
  readonly #deps: TargetDeps

  constructor(event: FileEvent, deps: TargetDeps) {
    this.#event = event
    this.#deps = deps
  }

  /** Throws `FileChanged` when the file is not the version that the event is about. */
  async check(signal: AbortSignal): Promise<void> {
    const version = (await this.#deps.fileVersion?.(this.#event, signal)) ?? null
    const { size, mtime } = this.#event
    if (version?.size === size && version.mtime === mtime) return
    throw new FileChanged(
      version === null ? 'the file is gone' : 'the file has changed since: its newer version has an event of its own',
    )
  }

  async read(start: number, length: number, signal: AbortSignal): Promise<Uint8Array> {
    const { readContent } = this.#deps
    if (readContent === undefined) throw new Error('the source of this file cannot hand out its content')
    const { bytes, size } = await readContent(this.#event, { start, length }, signal)
    if (size !== this.#event.size || bytes.length !== length) {
      throw new FileChanged(
        `the file has ${size} bytes by now and not ${this.#event.size}: its newer version has an event of its own`,
      )
    }
    return bytes
  }
}

function partSize(size: number): number {
  const needed = Math.ceil(size / mostParts / 1_048_576) * 1_048_576
  return Math.max(leastPartBytes, needed)
}

/** The tag that S3 gives an object of several parts: the MD5 of their MD5s, and how many there are. */
function combinedTag(parts: readonly Part[]): string {
  const hash = createHash('md5')
  for (const { md5 } of parts) hash.update(Buffer.from(md5, 'hex'))
  return `${hash.digest('hex')}-${parts.length}`
}

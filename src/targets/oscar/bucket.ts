import { createHash } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Part as ListedPart } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { boundedAnswers } from '../aws/bounded-answers.ts'
import { guarded } from '../aws/client.ts'
import type { TargetDeps } from '../define.ts'
import { parseJson } from './client.ts'
import type { Destination } from './destination.ts'

/** S3 takes no more parts than this. */
export const mostParts = 10_000

/** A part of an upload that is on the server. */
export interface Part {
  readonly number: number
  readonly size: number
  /** Hexadecimal; the server's `ETag` of a part. */
  readonly md5: string
}

export interface Bucket {
  /** Size of an object, and the name of the delivery that it was written for; null where there is none. */
  head(key: string, signal: AbortSignal): Promise<{ readonly size: number; readonly delivery: string | null } | null>
  put(key: string, delivery: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>
  /** The unfinished upload of a delivery with the parts that are there, or a new one. */
  resume(
    key: string,
    delivery: string,
    signal: AbortSignal,
  ): Promise<{ readonly uploadId: string; readonly parts: readonly Part[] }>
  uploadPart(key: string, uploadId: string, number: number, bytes: Uint8Array, signal: AbortSignal): Promise<Part>
  /** Resolves with the `ETag` of the object. */
  complete(key: string, uploadId: string, parts: readonly Part[], signal: AbortSignal): Promise<string>
  /** Throws an unfinished upload of the delivery away, where there is one. */
  abandon(delivery: string, signal: AbortSignal): Promise<void>
  /** The upload of the delivery is over. */
  forget(delivery: string, signal: AbortSignal): Promise<void>
  close(): void
}

/** Where the id of an unfinished upload is noted: outside of every folder that a service looks at. */
const noteKey = (delivery: string) => `.onetrigger/${delivery}`
/** A page holds 1,000 parts; some servers give fewer. */
const mostPages = 100
const noteSchema = z.object({ key: z.string(), uploadId: z.string().min(1) })

/** Opens a bucket of an S3 server. Loads the S3 client at its first use. */
export async function openBucket(destination: Destination, deps: TargetDeps): Promise<Bucket> {
  const s3 = await import('@aws-sdk/client-s3')
  const { endpoint, region, bucket: Bucket, accessKey, secretKey, ca } = destination
  deps.egress.checkHost(new URL(endpoint).hostname)
  const agent = { keepAlive: true, lookup: deps.egress.lookup }
  const client = new s3.S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    maxAttempts: 2,
    extensions: [boundedAnswers(deps)],
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      requestTimeout: deps.timeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: guarded(new HttpAgent(agent), deps),
      httpsAgent: guarded(new HttpsAgent({ ...agent, ...(ca === null ? {} : { ca }) }), deps),
    },
  })
  const find = async <T>(ask: () => Promise<T>): Promise<T | null> => {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof Error && /^(NotFound|NoSuchKey|NoSuchUpload)$/.test(error.name)) return null
      throw error
    }
  }
  const pageOfParts = (key: string, uploadId: string, marker: string, signal: AbortSignal) => {
    const asked = new s3.ListPartsCommand({ Bucket, Key: key, UploadId: uploadId, PartNumberMarker: marker })
    return find(() => client.send(asked, { abortSignal: signal }))
  }
  const listParts = async (key: string, uploadId: string, signal: AbortSignal): Promise<readonly Part[] | null> => {
    const parts: Part[] = []
    let marker = '0'
    for (let pages = 0; marker !== ''; pages++) {
      if (pages === mostPages || parts.length > mostParts) throw new Error('the list of parts does not end')
      const page = await pageOfParts(key, uploadId, marker, signal)
      if (page === null) return null
      parts.push(...(page.Parts ?? []).map(toPart))
      marker = page.IsTruncated === true ? (page.NextPartNumberMarker ?? '') : ''
    }
    return parts
  }
  // A spoilt note counts as none: an upload that nobody finishes makes no object, so that nothing starts twice. One that cannot be fetched may be a good
  // one, and is asked for again by the next attempt.
  const noted = async (delivery: string, signal: AbortSignal): Promise<z.output<typeof noteSchema> | null> => {
    const asked = new s3.GetObjectCommand({ Bucket, Key: noteKey(delivery) })
    const note = await find(() => client.send(asked, { abortSignal: signal }))
    if (note === null) return null
    const parsed = noteSchema.safeParse(parseJson((await note.Body?.transformToString()) ?? ''))
    if (parsed.success) return parsed.data
    deps.log.warn({ target: deps.name, key: noteKey(delivery) }, 'the note of an upload is spoilt: it begins anew')
    return null
  }

  return {
    head: async (key, signal) => {
      const asked = new s3.HeadObjectCommand({ Bucket, Key: key })
      const found = await find(() => client.send(asked, { abortSignal: signal }))
      if (found === null) return null
      return { size: found.ContentLength ?? 0, delivery: found.Metadata?.onetrigger ?? null }
    },
    put: async (key, delivery, bytes, signal) => {
      const given = {
        Bucket,
        Key: key,
        Body: bytes,
        Metadata: { onetrigger: delivery },
        ContentMD5: md5(bytes, 'base64'),
      }
      await client.send(new s3.PutObjectCommand(given), { abortSignal: signal })
    },
    resume: async (key, delivery, signal) => {
      const note = await noted(delivery, signal)
      const parts = note?.key === key ? await listParts(key, note.uploadId, signal) : null
      if (note !== null && parts !== null) return { uploadId: note.uploadId, parts }
      const begun = new s3.CreateMultipartUploadCommand({ Bucket, Key: key, Metadata: { onetrigger: delivery } })
      const { UploadId: uploadId = '' } = await client.send(begun, { abortSignal: signal })
      const written = { Bucket, Key: noteKey(delivery), Body: JSON.stringify({ key, uploadId }) }
      await client.send(new s3.PutObjectCommand(written), { abortSignal: signal })
      return { uploadId, parts: [] }
    },
    uploadPart: async (key, uploadId, number, bytes, signal) => {
      const given = {
        Bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: number,
        Body: bytes,
        ContentMD5: md5(bytes, 'base64'),
      }
      const { ETag = '' } = await client.send(new s3.UploadPartCommand(given), { abortSignal: signal })
      const own = md5(bytes, 'hex')
      if (unquoted(ETag) !== own) throw new Error('a part came out of the upload as another')
      return { number, size: bytes.length, md5: own }
    },
    complete: async (key, uploadId, parts, signal) => {
      const Parts = parts.map((part) => ({ PartNumber: part.number, ETag: `"${part.md5}"` }))
      const asked = new s3.CompleteMultipartUploadCommand({
        Bucket,
        Key: key,
        UploadId: uploadId,
        MultipartUpload: { Parts },
      })
      const { ETag = '' } = await client.send(asked, { abortSignal: signal })
      return unquoted(ETag)
    },
    abandon: async (delivery, signal) => {
      const note = await noted(delivery, signal)
      if (note !== null) {
        const asked = new s3.AbortMultipartUploadCommand({ Bucket, Key: note.key, UploadId: note.uploadId })
        await find(() => client.send(asked, { abortSignal: signal }))
      }
      await client.send(new s3.DeleteObjectCommand({ Bucket, Key: noteKey(delivery) }), { abortSignal: signal })
    },
    forget: async (delivery, signal) => {
      await client.send(new s3.DeleteObjectCommand({ Bucket, Key: noteKey(delivery) }), { abortSignal: signal })
    },
    close: () => client.destroy(),
  }
}

function toPart({ PartNumber = 0, Size = 0, ETag = '' }: ListedPart): Part {
  return { number: PartNumber, size: Size, md5: unquoted(ETag) }
}

function md5(bytes: Uint8Array, encoding: 'hex' | 'base64'): string {
  return createHash('md5').update(bytes).digest(encoding)
}

function unquoted(etag: string): string {
  return etag.replaceAll('"', '')
}

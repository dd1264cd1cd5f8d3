import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { listenOnLoopback, urlOf } from '../../support/loopback.ts'

interface Kept {
  readonly bytes: Buffer
  /** The delivery that wrote it. */
  readonly delivery: string | null
}

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** An S3 server on loopback that does of S3 what staging needs of it. */
export class KeepingBucket {
  readonly objects = new Map<string, Kept>()
  /** Objects written, by their keys. */
  readonly written: string[] = []
  /** Reads of these keys fail. */
  readonly unreadable = new Set<string>()
  readonly uploads = new Map<string, { readonly delivery: string | null; readonly parts: Map<number, Buffer> }>()
  #begun = 0
  readonly #server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { status = 200, headers = {}, body = '' } = this.#answer(request, Buffer.concat(chunks))
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body)
  })

  static async start(): Promise<KeepingBucket> {
    const bucket = new KeepingBucket()
    await listenOnLoopback(bucket.#server)
    return bucket
  }

  get url(): string {
    return urlOf(this.#server)
  }

  #answer({ method = '', url = '', headers }: IncomingMessage, body: Buffer): Answer {
    const { pathname, searchParams } = new URL(url, 'http://bucket')
    const key = decodeURIComponent(pathname).replace(/^\/[^/]+\//, '')
    const delivery = headers['x-amz-meta-onetrigger']?.toString() ?? null
    const uploadId = searchParams.get('uploadId')
    if (uploadId !== null) return this.#ofUpload(method, key, uploadId, Number(searchParams.get('partNumber')), body)
    if (method === 'POST') return this.#begin(delivery)
    if (method === 'PUT') return this.#write(key, { bytes: body, delivery }, md5(body))
    if (method === 'DELETE') {
      this.objects.delete(key)
      return { status: 204 }
    }
    if (this.unreadable.has(key)) return { status: 500 }
    const found = this.objects.get(key)
    if (found === undefined) return refusal('NoSuchKey')
    const meta = found.delivery === null ? {} : { 'x-amz-meta-onetrigger': found.delivery }
    return { headers: { 'content-length': String(found.bytes.length), ...meta }, body: found.bytes }
  }

  #begin(delivery: string | null): Answer {
    const uploadId = `upload-${++this.#begun}`
    this.uploads.set(uploadId, { delivery, parts: new Map() })
    return { body: `<InitiateMultipartUploadResult><UploadId>${uploadId}</UploadId></InitiateMultipartUploadResult>` }
  }

  #write(key: string, kept: Kept, tag: string): Answer {
    this.objects.set(key, kept)
    this.written.push(key)
    const body = `<CompleteMultipartUploadResult><ETag>"${tag}"</ETag></CompleteMultipartUploadResult>`
    return { headers: { etag: `"${tag}"` }, body }
  }

  #ofUpload(method: string, key: string, uploadId: string, number: number, body: Buffer): Answer {
    const upload = this.uploads.get(uploadId)
    if (upload === undefined) return refusal('NoSuchUpload')
    if (method === 'PUT') {
      upload.parts.set(number, body)
      return { headers: { etag: `"${md5(body)}"` } }
    }
    const parts = [...upload.parts].toSorted(([a], [b]) => a - b)
    if (method === 'GET') return { body: listOf(parts) }
    this.uploads.delete(uploadId)
    if (method === 'DELETE') return { status: 204 }
    const tag = md5(Buffer.concat(parts.map(([, bytes]) => Buffer.from(md5(bytes), 'hex'))))
    const bytes = Buffer.concat(parts.map(([, part]) => part))
    return this.#write(key, { bytes, delivery: upload.delivery }, `${tag}-${parts.length}`)
  }
}

function listOf(parts: readonly (readonly [number, Buffer])[]): string {
  const listed = parts.map(
    ([number, bytes]) =>
      `<Part><PartNumber>${number}</PartNumber><Size>${bytes.length}</Size><ETag>"${md5(bytes)}"</ETag></Part>`,
  )
  return `<ListPartsResult><IsTruncated>false</IsTruncated>${listed.join('')}</ListPartsResult>`
}

function refusal(code: string): Answer {
  return { status: 404, headers: { 'content-type': 'application/xml' }, body: `<Error><Code>${code}</Code></Error>` }
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}

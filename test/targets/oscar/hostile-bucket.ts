import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { sendWithoutEnd, trickle } from '../../support/endless-server.ts'
import { listenOnLoopback, urlOf } from '../../support/loopback.ts'

/** What the client asks an S3 server for. */
export type Asked = 'head' | 'note' | 'list' | 'put' | 'part' | 'other'

type Answer = (response: ServerResponse) => void

/** An S3 server on loopback that has one upload begun, keeps nothing, and answers what a test wants to one kind of request. */
export class HostileBucket {
  /** Bytes of answers without end. */
  sent = 0
  asked = 0
  readonly #spoilt: Asked
  readonly #answer: Answer
  readonly #server = createServer((request, response) => {
    request.resume().on('end', () => this.#serve(askedBy(request), response))
  })

  private constructor(spoilt: Asked, answer: (bucket: HostileBucket) => Answer) {
    this.#spoilt = spoilt
    this.#answer = answer(this)
  }

  static async start(spoilt: Asked, answer: (bucket: HostileBucket) => Answer): Promise<HostileBucket> {
    const bucket = new HostileBucket(spoilt, answer)
    await listenOnLoopback(bucket.#server)
    return bucket
  }

  get url(): string {
    return urlOf(this.#server)
  }

  /** Connections that are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
    })
  }

  #serve(asked: Asked, response: ServerResponse): void {
    if (asked === this.#spoilt) {
      this.asked += 1
      this.#answer(response)
    } else if (asked === 'head') response.writeHead(404).end()
    else if (asked === 'note') response.end(JSON.stringify({ key: 'input/in/a.avi', uploadId: 'u' }))
    else if (asked === 'list') response.end('<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>')
    else response.end()
  }
}

/** Sends for as long as somebody listens. */
export function endless(status: number) {
  return (bucket: HostileBucket): Answer =>
    (response) => {
      response.writeHead(status, { 'content-type': 'application/xml' })
      sendWithoutEnd(response, bucket)
    }
}

/** Sends a little now and then, and never an end. */
export function trickling(part: 'body' | 'head') {
  return (): Answer => (response) => trickle(response, part)
}

/** A list of parts that says on each page that there is another. */
export function listWithoutEnd(parts: number) {
  return (): Answer => (response) => {
    const part = '<Part><PartNumber>1</PartNumber><Size>1</Size><ETag>"e"</ETag></Part>'
    const next = '<IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker>'
    response.end(`<ListPartsResult>${next}${part.repeat(parts)}</ListPartsResult>`)
  }
}

function askedBy({ method, url = '' }: IncomingMessage): Asked {
  if (method === 'HEAD') return 'head'
  if (method === 'GET') return url.includes('uploadId=') ? 'list' : 'note'
  if (method === 'PUT') return url.includes('partNumber=') ? 'part' : 'put'
  return 'other'
}

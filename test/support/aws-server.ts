import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A call as it came over the wire. */
export interface AwsCall {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface AwsAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Never answers. */
  readonly hang?: true
}

/** A server that answers the AWS SDK of this process as told; the SDK is pointed at it by the variables that AWS' own tools take. */
export class AwsServer {
  readonly calls: AwsCall[] = []
  readonly #server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const call = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    this.calls.push(call)
    const { status = 200, headers = {}, body: answer = {}, hang } = this.#answer(call)
    if (hang) return
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
  readonly #answer: (call: AwsCall) => AwsAnswer

  private constructor(answer: (call: AwsCall) => AwsAnswer) {
    this.#answer = answer
  }

  static async start(answer: (call: AwsCall) => AwsAnswer): Promise<AwsServer> {
    const server = new AwsServer(answer)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    // A listening TCP server always has such an address.
    const { port } = server.#server.address() as AddressInfo
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'canary-secret-key',
      AWS_REGION: 'us-east-1',
    })
    onTestFinished(() => server.close())
    return server
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

/** An error as the services of AWS with a JSON protocol tell it. */
export function awsError(name: string, status = 400, headers: Readonly<Record<string, string>> = {}): AwsAnswer {
  return { status, headers: { 'x-amzn-errortype': name, ...headers }, body: { message: `${name} it is`, __type: name } }
}

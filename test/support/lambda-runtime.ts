import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** How one invocation ended. */
export interface Invoked {
  /** `killed`: the sandbox ended first, because of its deadline or a test; `init`: the function could not be loaded. */
  readonly kind: 'response' | 'error' | 'init' | 'killed'
  /** What the function posted; null where nothing. */
  readonly body: unknown
}

export interface Invocation {
  /** Until Lambda kills the sandbox, as the function is told. */
  readonly withinMs?: number
  /** Where it is killed sooner than that. */
  readonly killAfterMs?: number
  /** How far the sandbox's clock is ahead of ours. */
  readonly aheadMs?: number
}

interface UnderWay {
  readonly id: string
  readonly aheadMs: number
  readonly deadline: number
  readonly end: (how: Invoked) => void
}

const root = '/2018-06-01/runtime'

/** AWS Lambda for one function, by the four routes of its Runtime API: starts a sandbox (a process) where none is warm, and kills it at the deadline. */
export class LambdaRuntime {
  /** Sandboxes that were started. */
  sandboxes = 0
  /** What the function wrote to standard output and error. */
  output = ''
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #entry: string
  #child: ChildProcess | null = null
  #current: UnderWay | null = null
  #asking: ServerResponse | null = null
  #count = 0

  /** `folder` is what lies in /var/task; `entry` names file and export, as a function's handler does. */
  constructor(folder: string, env: Readonly<Record<string, string>>, entry = 'handler.handler') {
    this.#folder = folder
    this.#env = env
    this.#entry = entry
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  /** Whether a sandbox is there that has run before. */
  get isWarm(): boolean {
    return this.#child !== null
  }

  /** One at a time. */
  async invoke({ withinMs = 60_000, killAfterMs = withinMs, aheadMs = 0 }: Invocation = {}): Promise<Invoked> {
    const { promise, resolve } = Promise.withResolvers<Invoked>()
    const id = `request-${++this.#count}`
    this.#current = { id, aheadMs, deadline: Date.now() + withinMs, end: resolve }
    const timer = setTimeout(() => this.kill(), killAfterMs)
    if (this.#child === null) this.#startSandbox()
    else this.#handOut()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#current = null
    }
  }

  /** The sandbox ends as if its machine had. */
  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  async close(): Promise<void> {
    const child = this.#child
    if (child !== null) {
      const gone = new Promise((resolve) => child.once('close', resolve))
      this.kill()
      await gone
    }
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #startSandbox(): void {
    this.sandboxes += 1
    // A listening TCP server always has such an address.
    const { port } = this.#server.address() as AddressInfo
    const child = spawn(process.execPath, [join(import.meta.dirname, 'lambda-bootstrap.mjs')], {
      env: {
        PATH: process.env.PATH,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        LAMBDA_TASK_ROOT: this.#folder,
        _HANDLER: this.#entry,
        AWS_LAMBDA_FUNCTION_NAME: 'onetrigger',
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'testing',
        AWS_SECRET_ACCESS_KEY: 'canary-secret-key',
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const keep = (text: string) => {
      this.output += text
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    child.once('close', () => {
      this.#child = null
      this.#asking = null
      this.#current?.end({ kind: 'killed', body: null })
    })
    this.#child = child
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (request.method === 'GET' && path === `${root}/invocation/next`) {
      this.#asking = response
      this.#handOut()
      return
    }
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
    const posted = /\/invocation\/([^/]+)\/(response|error)$/.exec(path)
    const body: unknown = JSON.parse(text)
    if (path === `${root}/init/error`) this.#current?.end({ kind: 'init', body })
    else if (posted?.[1] === this.#current?.id)
      this.#current?.end({ kind: posted?.[2] === 'error' ? 'error' : 'response', body })
  }

  #handOut(): void {
    const [response, invocation] = [this.#asking, this.#current]
    if (response === null || invocation === null) return
    this.#asking = null
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.id,
      'lambda-runtime-deadline-ms': String(invocation.deadline),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:onetrigger',
    })
    response.end(JSON.stringify({ source: 'aws.events', aheadMs: invocation.aheadMs }))
  }
}

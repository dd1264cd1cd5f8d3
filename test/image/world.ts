import { waitFor } from '../support/wait-for.ts'
import { type Container, createYard, type Yard } from './docker.ts'

export const token = 'canary-token-of-the-image-suite'

/** Prints each request as a line of JSON: its id and its body. */
const receiver = `
  require('node:http').createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    console.log(JSON.stringify({ id: request.headers['webhook-id'], type: request.headers['content-type'], body }))
    response.writeHead(204).end()
  }).listen(9000, () => console.log('listening'))`

/** A delivery that the receiver got. */
export interface Got {
  readonly id: string
  readonly type: string
  readonly body: string
}

/** A pretend Oneprovider and a receiver on a network, and the image to run beside them. */
export interface World extends Yard {
  /** What `run` needs to watch the folder `in` and tell the receiver, but for the token. */
  readonly place: readonly string[]
  upload(name: string, content: string): Promise<void>
  /** Deliveries of one file so far. */
  got(name: string): Promise<readonly Got[]>
  /** Waits for the first delivery of a file. */
  gotFirst(name: string, timeoutMs?: number): Promise<Got>
}

/** Builds the image and starts what stands around it. */
export async function createWorld(): Promise<World> {
  const yard = await createYard()
  const [simulator, hook] = await Promise.all([startSimulator(yard), startReceiver(yard)])
  const url = await simulator.url(8081)
  const got = async (name: string) =>
    (await hook.lines())
      .filter((line) => line.startsWith('{'))
      .map(read)
      .filter(({ body }) => body.includes(`/${name}"`))
  return {
    ...yard,
    place: env({
      ONEPROVIDER_HOST: 'http://simulator:8081',
      ONEDATA_SPACE: 'Gamma',
      ONEDATA_SPACE_FOLDER: 'in',
      ONETRIGGER_WEBHOOK: 'http://receiver:9000/hook',
      ONETRIGGER_STABLE_FOR: '1s',
    }),
    upload: (name, content) => upload(`${url}/cdmi/Gamma/in/${name}`, content),
    got,
    gotFirst: (name, timeoutMs = 30_000) =>
      waitFor(`${name} is delivered`, async () => (await got(name))[0], timeoutMs),
  }
}

async function startSimulator(yard: Yard): Promise<Container> {
  const command = ['simulate', '--host', '0.0.0.0', '--port', '8081', '--token', token, '--json']
  const simulator = await yard.start('simulator', ['--publish', '127.0.0.1::8081'], command)
  await simulator.said('"spaceId"')
  return simulator
}

async function startReceiver(yard: Yard): Promise<Container> {
  const hook = await yard.start('receiver', ['--entrypoint', 'node'], ['--eval', receiver])
  await hook.said('listening')
  return hook
}

async function upload(url: string, content: string): Promise<void> {
  const response = await fetch(url, { method: 'PUT', headers: { 'x-auth-token': token }, body: content })
  if (!response.ok) throw new Error(`the upload was answered with ${response.status}`)
}

/** `--env NAME=VALUE` for each. */
export function env(variables: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`])
}

function read(line: string): Got {
  const { id, type, body }: Record<string, unknown> = JSON.parse(line)
  return { id: String(id), type: String(type), body: String(body) }
}

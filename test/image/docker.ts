import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { waitFor } from '../support/wait-for.ts'

const run = promisify(execFile)
const manifest = z.object({ version: z.string() })

export const root = join(import.meta.dirname, '..', '..')
export const base = 'node:26-bookworm-slim'
export const version = manifest.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).version

/** Docker's client: resolves with standard output, rejects with what it said. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** Makes sure of a daemon and of public images, by default the base image. What is missing is said, and fails the run: nothing is skipped. */
export async function prepareDocker(...images: readonly string[]): Promise<void> {
  try {
    await docker('version', '--format', '{{.Server.Version}}')
  } catch (cause) {
    throw new Error('this suite needs a running Docker daemon (Debian: apt-get install docker.io, then dockerd)', {
      cause,
    })
  }
  await run(join(root, 'test/images/make.sh'), images)
}

/** Builds the image as its Dockerfile says, by a client and with a builder of choice. */
export async function build(
  tag: string,
  labels: readonly string[],
  client = 'docker',
  buildKit = false,
): Promise<void> {
  const args = ['--build-arg', `VERSION=${version}`, '--build-arg', 'REVISION=0123abc', '--network=host', '--tag', tag]
  const env = { ...process.env, DOCKER_BUILDKIT: buildKit ? '1' : '0' }
  await run(client, ['build', ...labels, ...args, root], { env, maxBuffer: 64 * 1024 * 1024 })
}

/** A container of the yard. */
export interface Container {
  readonly name: string
  /** Lines of standard output and error so far, in no certain order between the two. */
  lines(): Promise<readonly string[]>
  /** Waits for a line that holds the text; gives it. */
  said(text: string, timeoutMs?: number): Promise<string>
  /** Where a published port is reached from outside: `http://127.0.0.1:PORT`. */
  url(port: number): Promise<string>
  /** Waits until it has ended. */
  exitCode(): Promise<number>
  remove(): Promise<void>
}

/** What a run of a suite makes in Docker: all of it has one label, by which it is removed. */
export interface Yard {
  readonly image: string
  /** `docker run --detach OPTIONS IMAGE COMMAND`, on the network of the yard, where it is known by `alias`. */
  start(alias: string, options: readonly string[], command: readonly string[]): Promise<Container>
  /** `docker run --rm`: resolves with what it printed. */
  once(options: readonly string[], command: readonly string[]): Promise<string>
  volume(): Promise<string>
  close(): Promise<void>
}

/** Builds the image, and makes a network. */
export async function createYard(): Promise<Yard> {
  await prepareDocker()
  const id = `onetrigger-test-${randomBytes(4).toString('hex')}`
  const labels = ['--label', `io.onetrigger.test=${id}`]
  await build(id, labels)
  await docker('network', 'create', ...labels, id)
  return {
    image: id,
    start: async (alias, options, command) => {
      const place = ['--network', id, '--network-alias', alias]
      return container(await docker('run', '--detach', ...labels, ...place, ...options, id, ...command))
    },
    once: (options, command) => docker('run', '--rm', ...labels, '--network', id, ...options, id, ...command),
    // One without a name counts as one that nobody will find again.
    volume: () => docker('volume', 'create', ...labels, `${id}-${randomBytes(4).toString('hex')}`),
    close: () => removeAll(`label=io.onetrigger.test=${id}`),
  }
}

/** The build cache stays, as after every `docker build`. */
async function removeAll(filter: string): Promise<void> {
  const containers = await docker('ps', '--all', '--quiet', '--filter', filter)
  if (containers !== '') await docker('rm', '--force', '--volumes', ...containers.split('\n'))
  for (const kind of ['network', 'volume', 'image']) {
    const found = await docker(kind, 'ls', '--quiet', '--filter', filter)
    if (found !== '') await docker(kind, 'rm', ...(kind === 'image' ? ['--force'] : []), ...new Set(found.split('\n')))
  }
}

function container(name: string): Container {
  const lines = async () => {
    const { stdout, stderr } = await run('docker', ['logs', name])
    return `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
  }
  return {
    name,
    lines,
    said: (text, timeoutMs = 30_000) => said(text, lines, timeoutMs),
    url: async (port) => `http://${(await docker('port', name, `${port}/tcp`)).split('\n')[0]}`,
    exitCode: async () => Number(await docker('wait', name)),
    remove: async () => {
      await docker('rm', '--force', '--volumes', name)
    },
  }
}

async function said(text: string, lines: Container['lines'], timeoutMs: number): Promise<string> {
  let last: readonly string[] = []
  try {
    return await waitFor(
      `"${text}" is said`,
      async () => {
        last = await lines()
        return last.find((line) => line.includes(text))
      },
      timeoutMs,
    )
  } catch (cause) {
    throw new Error(`it said:\n${last.join('\n')}`, { cause })
  }
}

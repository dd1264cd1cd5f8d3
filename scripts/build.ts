// Bundles the program and the scheduled function into dist, and makes sure that the package would hold what it needs and nothing else.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Order, ThreadData } from '../src/targets/http/thread/messages.ts'
import { bundleProgram } from './bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Of the program; the function has a limit of its own. A careless dependency on a big file shows here before it shows at the user's. */
const mostBytes = 2_500_000

rmSync(join(root, 'dist'), { recursive: true, force: true })
run('tsc', ['-p', 'tsconfig.build.json'])
await bundleProgram(join(root, 'dist'))

const sizes = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => statSync(join(entry.parentPath, entry.name)).size)
const bytes = sizes.reduce((sum, size) => sum + size, 0)
console.log(`dist: ${sizes.length} files, ${(bytes / 1024).toFixed(0)} KiB`)
if (bytes > mostBytes) fail(`dist is larger than ${mostBytes} bytes`)
// Where the program looks for its thread, as the bundler has written it.
const program = ['dist/cli', 'dist/chunks'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((file) => join(root, folder, file)),
)
const place = '../targets/http/thread/request-thread.ts'
if (!program.some((file) => readFileSync(file, 'utf8').includes(place))) fail('the program would not find its thread')
await tunnel(join(root, 'dist/targets/http/thread/entry.js'))
console.log(run('node', ['scripts/build-lambda.ts']).trim())

// Without its scripts: `prepack` is this one.
const [packed] = JSON.parse(run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'])) as [
  { files: { path: string }[] }, // npm's own report
]
const paths = packed.files.map((file) => file.path)
for (const needed of [
  'bin/onetrigger.mjs',
  'dist/cli/main.js',
  'dist/lambda/handler.mjs',
  'dist/targets/http/thread/entry.js',
  'README.md',
  'LICENSE',
  'package.json',
]) {
  if (!paths.includes(needed)) fail(`the package would lack ${needed}`)
}
const stray = paths.filter((path) => /^(src|test|scripts)\//.test(path))
if (stray.length > 0) fail(`the package would hold ${stray.join(', ')}`)
console.log(`package: ${paths.length} files`)

/**
 * Has the thread ask for something over HTTPS through a proxy, which hears where to and hangs up: of all ways to a receiver that one needs most of undici,
 * and the program's bundle and the function's have the same parts of it.
 */
async function tunnel(entry: string): Promise<void> {
  const proxy = createServer().on('connect', (_request, socket) => socket.destroy())
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  // A listening TCP server always has such an address.
  const { port } = proxy.address() as AddressInfo
  const thread = new Worker(entry, { workerData: { egress: {} } satisfies ThreadData })
  await once(thread, 'message')
  const plan = {
    origin: 'https://receiver.example.org',
    proxy: `http://127.0.0.1:${port}`,
    tls: {},
    connections: 1,
    connectTimeoutMs: 5_000,
  }
  const orders: readonly Order[] = [
    ['open', 1, plan],
    ['ask', 2, 1, 'POST', '/', undefined, 'x', 5_000, 1_024],
  ]
  const asked = once(proxy, 'connect')
  const answered = once(thread, 'message')
  thread.postMessage(orders)
  const outcome = await Promise.race([asked.then(() => 'asked'), answered.then(([reports]) => JSON.stringify(reports))])
  if (outcome !== 'asked') fail(`the built program does not get through a proxy: ${outcome}`)
  await thread.terminate()
  proxy.close()
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) fail(`${command} ${args.join(' ')} failed\n${stdout}${stderr}`)
  return stdout
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

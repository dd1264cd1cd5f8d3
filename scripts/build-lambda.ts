// Makes dist/lambda, the scheduled function's bundle, and says how large it is and how long a cold process takes to load it.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundleFunction } from './lambda/bundle.ts'

/** AWS takes far more; a cold start reads it all. */
const mostBytes = 1_500_000
const loads = 5

const outdir = join(fileURLToPath(new URL('..', import.meta.url)), 'dist', 'lambda')
rmSync(outdir, { recursive: true, force: true })
const { outputs } = await bundleFunction(outdir)
const kib = (bytes: number) => `${(bytes / 1_024).toFixed(0)} KiB`
const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0)
const entry = Object.entries(outputs).find(([path]) => path.endsWith('/handler.mjs'))?.[1].bytes ?? 0
console.log(`dist/lambda: ${Object.keys(outputs).length} files, ${kib(bytes)}; handler.mjs ${kib(entry)}`)
console.log(`loaded by a new process in ${loadMs().toFixed(0)} ms (median of ${loads}, Node ${process.versions.node})`)
if (bytes > mostBytes) {
  console.error(`the bundle is larger than ${mostBytes} bytes`)
  process.exitCode = 1
}

/** What Node itself takes to start is not counted: Lambda has done that already. */
function loadMs(): number {
  const handler = pathToFileURL(join(outdir, 'handler.mjs')).href
  const script = `const began = performance.now(); await import('${handler}'); console.log(performance.now() - began)`
  const times = Array.from({ length: loads }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    if (stdout === '') throw new Error(`the bundle cannot be loaded: ${stderr}`)
    return Number(stdout)
  })
  return times.toSorted((a, b) => a - b)[Math.floor(loads / 2)] ?? 0
}

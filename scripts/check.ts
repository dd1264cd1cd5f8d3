// Everything that must hold before a commit, at once; what fails is printed in full, below one line for each step. --no-tests: for who runs them all anyway.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const steps: Readonly<Record<string, readonly string[]>> = {
  'format and lint': ['biome', 'check', '--error-on-warnings', '.'],
  types: ['tsc', '--noEmit'],
  ...(process.argv.includes('--no-tests')
    ? {}
    : { 'unit and architecture tests': ['vitest', 'run', '--exclude', 'test/e2e/**', '--reporter', 'dot'] }),
  'generated pages': ['node', 'scripts/gen.ts', '--check'],
  'dead code': ['knip'],
}

interface Result {
  readonly ok: boolean
  readonly output: string
}

const results = await Promise.all(Object.entries(steps).map(([name, command]) => report(name, command)))
for (const { output } of results.filter(({ ok }) => !ok)) console.error(`\n${output}`)
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1

async function report(name: string, command: readonly string[]): Promise<Result> {
  const began = performance.now()
  const result = await run(command)
  console.log(`${result.ok ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - began) / 1_000).toFixed(1)} s)`)
  return result
}

function run([command = '', ...args]: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = `$ ${command} ${args.join(' ')}\n`
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ ok: false, output: `${output}${error.message}` }))
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}

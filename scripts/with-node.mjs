// Runs a command with the project's own Node (the dev dependency `node`) and tools first on the path, and
// installs the dependencies first where they are missing. Plain old JavaScript: any Node that runs npm runs this.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')

if (!existsSync(join(modules, '.package-lock.json'))) {
  console.error('node_modules is missing: running npm ci first (once)')
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (install.status !== 0) process.exit(install.status ?? 1)
}

const path = [join(modules, 'node', 'bin'), join(modules, '.bin'), process.env.PATH].join(delimiter)
const [command, ...args] = process.argv.slice(2)
const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } })
// The terminal sends SIGINT to the whole group; SIGTERM comes to this process alone and is handed on.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('error', (error) => {
  console.error(`cannot run ${command}: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1))

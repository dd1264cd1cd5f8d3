import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { tempDir } from '../support/temp-dir.ts'

/** Laid out as the package is, with a program that says how Node takes its compiled code. */
function packageFolder(): string {
  const folder = tempDir()
  cpSync(join(import.meta.dirname, '../../bin'), join(folder, 'bin'), { recursive: true })
  mkdirSync(join(folder, 'dist/cli'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(folder, 'dist/cli/main.js'),
    "import { getCompileCacheDir } from 'node:module'\nconsole.log(getCompileCacheDir() ?? 'nothing is kept')\n",
  )
  return folder
}

function start(env: Readonly<Record<string, string>>, folder = packageFolder()) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/onetrigger.mjs')], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  return { status, stdout: stdout.trim(), stderr }
}

it.each([
  ['below the home', (home: string) => ({ HOME: home }), '.cache/onetrigger'],
  ['where the system has caches', (home: string) => ({ HOME: '/nowhere', XDG_CACHE_HOME: home }), 'onetrigger'],
])('keeps compiled code %s', (_where, env, place) => {
  const home = tempDir()

  const { status, stdout, stderr } = start(env(home))

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.startsWith(`${join(home, place)}/`)).toBe(true)
  expect(readdirSync(stdout)).not.toEqual([])
})

it.each([
  ['there is no home', {}],
  ['the home is none', { HOME: 'relative' }],
  ['the home is a device', { HOME: '/dev/null' }],
])('runs without where %s', (_what, env) => {
  expect(start(env)).toEqual({ status: 0, stdout: 'nothing is kept', stderr: '' })
})

it('tells a Node that is too old so, though that lacks what newer ones have', () => {
  const old = [
    "import { registerHooks } from 'node:module'",
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })",
    "const resolve = (name, context, next) => next(name === 'node:module' ? 'data:text/javascript,export default {}' : name, context)",
    'registerHooks({ resolve })',
  ].join('\n')

  const { status, stdout, stderr } = start({ NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(old)}` })

  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toBe('onetrigger needs Node 24 or newer; this is 20.1.0\n')
})

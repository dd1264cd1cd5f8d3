import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const installed = join(root, 'node_modules', '.cache', 'onetrigger', 'bench-package')

/** Builds the package and lays it out as an installation is; gives the path of its program. */
export function installPackage(): string {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'build.ts')], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the package cannot be built\n${stderr}`)
  rmSync(installed, { recursive: true, force: true })
  mkdirSync(installed, { recursive: true })
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(root, part), join(installed, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'))
  return join(installed, 'bin', 'onetrigger.mjs')
}

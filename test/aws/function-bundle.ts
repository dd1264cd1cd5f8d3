import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/repository.ts'

/** The function's code as it was built: names and texts of its files. */
export interface Bundle {
  readonly files: Readonly<Record<string, string>>
}

/** Builds the function, as a release does. */
export function functionBundle(): Bundle {
  execFileSync('npm', ['run', '--silent', 'build:lambda'], { cwd: root, stdio: 'inherit' })
  const folder = join(root, 'dist', 'lambda')
  const names = readdirSync(folder).filter((name) => name.endsWith('.mjs'))
  return { files: Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])) }
}

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** The interpreter of the virtual environment that the suites with Python share. */
export const python = join(root, '.venv', 'bin', 'python')

/** Makes the environment once and installs what a file of requirements names. What is missing is said, and fails the run: nothing is skipped. */
export function installPython(requirements: string): void {
  try {
    if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', join(root, '.venv')], { stdio: 'inherit' })
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], {
      stdio: 'inherit',
    })
  } catch (cause) {
    throw new Error('this suite needs Python 3 with venv and pip (Debian: apt-get install python3-venv)', { cause })
  }
}

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const environment = join(root, '.venv')

/** The interpreter that has Onedata's client. */
export const python = join(environment, 'bin', 'python')

/** Makes the virtual environment once. What is missing is said with what to do, and fails the run: nothing is skipped. */
export function setup(): void {
  try {
    if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' })
    const requirements = join(import.meta.dirname, 'requirements.txt')
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], {
      stdio: 'inherit',
    })
  } catch (cause) {
    throw new Error('the peers need Python 3 with venv and pip (Debian: apt-get install python3-venv)', { cause })
  }
}

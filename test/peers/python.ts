import { join } from 'node:path'
import { installPython } from '../support/python.ts'

/** Installs Onedata's client before the suite. */
export function setup(): void {
  installPython(join(import.meta.dirname, 'requirements.txt'))
}

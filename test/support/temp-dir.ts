import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty folder that is gone when the running test has finished. */
export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'onetrigger-test-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

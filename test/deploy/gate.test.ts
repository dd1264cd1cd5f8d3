import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../support/temp-dir.ts'

/** The gate with an npm that says that it has begun, and leaves the work to a process of its own. */
function aGate() {
  const folder = tempDir()
  mkdirSync(join(folder, '.ci'))
  copyFileSync(join(import.meta.dirname, '..', '..', '.ci', 'run'), join(folder, '.ci', 'run'))
  writeFileSync(join(folder, 'npm'), '#!/bin/sh\nsleep 30 &\necho begun\nwait\n', { mode: 0o755 })
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
  return spawn('bash', [join(folder, '.ci', 'run')], { env, stdio: ['ignore', 'pipe', 'ignore'] })
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'the gate ends what runs on %s, and says that it is no success',
  async (signal) => {
    const gate = aGate()
    let said = ''
    gate.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (text.includes('begun')) gate.kill(signal)
    })

    // Only when every process that could write has ended.
    const [code] = await once(gate, 'close')

    expect(code).toBe(1)
    expect(said).toContain(`FAILED: install: broken off by ${signal}; nothing after it was run`)
    expect(said).toMatch(/\n0 passed, 1 failed, 0 skipped\n$/)
  },
)

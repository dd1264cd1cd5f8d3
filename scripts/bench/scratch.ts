import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSystemClock, sleep } from '../../src/lib/clock.ts'

/** A folder that is gone when `use` has ended, however. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'onetrigger-bench-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const clock = createSystemClock()
const never = new AbortController().signal

export function pause(ms: number): Promise<void> {
  return sleep(clock, ms, never)
}

/** Asks again and again until there is an answer; rejects after `withinMs`. */
export async function until<T>(what: string, ask: () => Promise<T | null>, withinMs: number, everyMs = 10): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (performance.now() > deadline)
      throw new Error(`after ${withinMs / 1_000} s there was still no sign that ${what}`)
    await pause(everyMs)
  }
}

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { areas } from './areas.ts'
import { keptInputs, property, runArea } from './fuzz.ts'
import { mutated } from './junk.ts'

/** Inputs for each property here; `npm run prove:fuzz` sends thousands. */
const runs: Readonly<Record<string, number>> = {
  streams: 150,
  events: 100,
  http: 25,
  provider: 12,
  configuration: 20,
  answers: 15,
  sessions: 8,
}

describe('whatever comes in', () => {
  it.each(Object.entries(areas))('%s hold, for what once failed and for what was never seen', async (name, area) => {
    expect(await runArea(name, area, { seed: 11, runs: runs[name] ?? 10 })).toEqual([])
  })

  it('keeps what once failed for properties that there are', () => {
    const files = readdirSync(join(import.meta.dirname, 'seeds')).map((name) => name.replace('.json', ''))

    expect(files.length).toBeGreaterThan(0)
    for (const area of files)
      expect(Object.keys(areas[area] ?? {})).toEqual(expect.arrayContaining(Object.keys(keptInputs(area))))
  })
})

describe('the fuzzer', () => {
  it('tells the smallest input that breaks a property, and tries what was kept before all others', async () => {
    const tried: number[] = []
    const small = property(fc.nat(1_000), (number) => {
      tried.push(number)
      if (number > 10) throw new Error(`${number} is too much`)
    })

    await expect(small({ seed: 1, runs: 100 }, [3])).rejects.toThrow('broken by 11')
    expect(tried[0]).toBe(3)
  })

  it('changes what it says it changes', () => {
    const value = { a: [1, { b: 'x' }], c: null }
    const change = (place: number, how: 'replace' | 'remove' | 'rename' | 'repeat') =>
      mutated(value, [{ place, how, junk: '\u0001beyond', key: '__proto__' }])

    expect(change(0, 'replace')).toBe('1e999')
    expect(change(2, 'replace')).toBe('{"a":[1e999,{"b":"x"}],"c":null}')
    expect(change(2, 'remove')).toBe('{"a":[{"b":"x"}],"c":null}')
    expect(change(2, 'repeat')).toBe('{"a":[1,1,{"b":"x"}],"c":null}')
    expect(change(5, 'rename')).toBe('{"a":[1,{"b":"x"}],"__proto__":null}')
  })
})

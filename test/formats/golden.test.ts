import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { formatNames, formats } from '../../src/formats/registry.ts'
import { sampleEvents } from './events.ts'

/** As it would go over the wire: headers, an empty line, the body. */
function wire(name: keyof typeof formats, event: string): string {
  const sample = sampleEvents[event]
  if (sample === undefined) throw new Error(`no sample ${event}`)
  const { contentType, headers = {}, body } = formats[name](sample)
  const lines = Object.entries({ 'Content-Type': contentType, ...headers }).map(([key, value]) => `${key}: ${value}`)
  return `${lines.join('\n')}\n\n${body}\n`
}

describe.each(formatNames)('the format %s', (name) => {
  it.each(Object.keys(sampleEvents))('writes a %s event as its golden file has it', (event) => {
    const golden = readFileSync(new URL(`./golden/${name}.${event}.http`, import.meta.url), 'utf8')
    expect(wire(name, event)).toBe(golden)
  })

  it.each(Object.keys(sampleEvents))('writes a %s event as valid JSON', (event) => {
    const [, body = ''] = wire(name, event).split('\n\n')
    expect(JSON.parse(body)).toBeTypeOf('object')
  })
})

describe('the classic format', () => {
  // classic.py.txt was written by Python's json.dumps: one line per sample, in the order of their names here.
  it("is what Python's json.dumps writes", () => {
    const lines = readFileSync(new URL('./golden/classic.py.txt', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n')
    const written = ['plain', 'nasty', 'stalled'].map((event) => wire('classic', event).split('\n\n')[1]?.trimEnd())
    expect(written).toEqual(lines)
  })
})

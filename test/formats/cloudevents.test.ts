import { HTTP } from 'cloudevents'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerValue } from '../../src/formats/cloudevents.ts'
import { formats } from '../../src/formats/registry.ts'
import { anEvent } from '../support/builders.ts'
import { sampleEvents } from './events.ts'

/** Names of every sort of character, whole ones only: a lone surrogate is no Unicode text. */
const unicodeName = fc.string({
  unit: fc.oneof(fc.constantFrom(...' "%#?+\t\n\\'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
  minLength: 1,
})

/** HTTP binding 1.0.2, 3.1.3.2, the other way, written from its text: first quotes, then percent signs, then UTF-8. */
function decodeHeader(value: string): string {
  const bytes: number[] = []
  for (let at = 0; at < value.length; at++) {
    const unit = value.charCodeAt(at)
    if (value[at] !== '%') bytes.push(unit)
    else {
      bytes.push(Number.parseInt(value.slice(at + 1, at + 3), 16))
      at += 2
    }
  }
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))
}

describe('a binary CloudEvent', () => {
  it('carries any Unicode name through its headers', () => {
    fc.assert(
      fc.property(unicodeName, (name) => {
        const { headers = {} } = formats['cloudevents-binary'](anEvent({ path: name }))
        const subject = headers['ce-subject'] ?? ''
        expect(subject).toMatch(/^[\u0021-\u007e]*$/)
        expect(decodeHeader(subject)).toBe(name)
      }),
      { numRuns: 10_000 },
    )
  })

  it('escapes the examples of the specification as it does', () => {
    expect(headerValue('Euro € 😀')).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80')
  })

  it('makes text of a name that is none', () => {
    expect(decodeHeader(headerValue('a\ud800b'))).toBe('a\ufffdb')
  })

  it.each(Object.keys(sampleEvents))('is understood by the reference library: %s', (name) => {
    const event = sampleEvents[name] ?? anEvent()
    const { headers = {}, body, contentType } = formats['cloudevents-binary'](event)
    const parsed = HTTP.toEvent({ headers: { ...headers, 'content-type': contentType }, body })
    expect(parsed).toMatchObject({ id: event.id, specversion: '1.0', datacontenttype: 'application/json' })
    expect(parsed).toHaveProperty('data', JSON.parse(body))
  })
})

describe('a structured CloudEvent', () => {
  it('is understood by the reference library, with names in ASCII as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (path) => {
        const { contentType, body } = formats.cloudevents(anEvent({ path }))
        const parsed = HTTP.toEvent({ headers: { 'content-type': contentType }, body })
        expect(parsed).toMatchObject({ subject: path, type: 'io.onetrigger.file.complete', data: { path } })
      }),
    )
  })
})

describe('the attributes', () => {
  const subject = (event: ReturnType<typeof anEvent>) => JSON.parse(formats.cloudevents(event).body)

  it('sort newer revisions of a file behind older ones, in the same partition', () => {
    const times = [999, 1_767_225_620_000, 1_767_225_620_001, 17_672_256_200_000]
    const sequences = times.map((eventTime) => subject(anEvent({ eventTime })).sequence)
    expect(sequences.toSorted()).toEqual(sequences)
    expect(new Set(times.map((eventTime) => subject(anEvent({ eventTime })).partitionkey)).size).toBe(1)
  })

  it('have one valid trace for each event', () => {
    const [one, again, other] = ['evt_1', 'evt_1', 'evt_2'].map((id) => subject(anEvent({ id })).traceparent)
    expect(one).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/)
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })
})

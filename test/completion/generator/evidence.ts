import type { Trace } from '../trace.ts'
import type { Mode } from './corpus.ts'
import { Stage } from './stage.ts'
import { lookFor, upload } from './upload.ts'

const second = 1_000
const steady = (writes: number, gapMs: number) => Array.from({ length: writes }, () => gapMs)

/** The marker comes late, too early, again, or goes away for a while. */
const marker: Mode = (random) => [
  ...[0, 5, 60, 800, 2_000].map((after) => {
    const stage = new Stage(random)
    const { from, due, size } = upload(stage, 'marker', { gapsMs: steady(4, second), proofAfterMs: after * second })
    stage.whole({ file: 'a', size, from, until: null, due })
    return stage.trace(`${after} s after the last byte`, 'marker', 'marker', lookFor.marker)
  }),
  // One of an earlier upload is still there: it is older than the file until it is written anew.
  ...[0, 30, 400].map((before) => {
    const stage = new Stage(random)
    stage.create(500, 'a-done', 'in/a.bin.done')
    const at = 1_500 + before * second
    stage.create(at, 'a', 'in/a.bin')
    const from = stage.grow(at, 'a', steady(4, 21 * second))
    const due = from + 4_000
    stage.write(due, 'a-done', 0).whole({ file: 'a', size: 4_000_000, from, until: null, due })
    return stage.trace(`an old one ${before} s before the file`, 'marker', 'marker', lookFor.marker)
  }),
  // Taken away and put back.
  ...[3, 70].map((away) => {
    const stage = new Stage(random)
    stage.create(1_000, 'a', 'in/a.bin').create(400, 'm', 'in/a.bin.done').remove(4_000, 'm')
    const from = stage.grow(5_000, 'a', steady(4, 5 * second))
    const due = from + away * second
    stage.create(due, 'n', 'in/a.bin.done').whole({ file: 'a', size: 4_000_000, from, until: null, due })
    return stage.trace(`taken away, and back ${away} s after the last byte`, 'marker', 'marker', lookFor.marker)
  }),
]

/** A data file and what describes it belong together; whichever comes first, the set is whole with the second. */
const sidecar: Mode = (random) =>
  [-20, -2, 2, 30, 300].flatMap((after) =>
    (['marker', 'none'] as const).map((proof) => {
      const stage = new Stage(random)
      const { from: whole, size } = upload(stage, 'none', { gapsMs: steady(6, 2 * second) })
      const described = whole + after * second
      stage.create(described, 's', 'in/a.bin.json')
      // Written again in the end, as those do who mean it as a sign; without that the order would not be known.
      const due = Math.max(described, whole) + 1_000
      stage.write(due, 's', 0, proof === 'marker' ? {} : { size: 300 })
      // Where nothing says that the two belong together, the set is told of by whichever event comes last.
      const aside = proof === 'none' ? { brief: true as const } : {}
      stage.whole({ file: 'a', size, from: due, until: null, due, ...aside })
      if (proof === 'none') stage.whole({ file: 's', size: 300, from: due, until: null, due })
      const completion = proof === 'marker' ? { marker: '{name}.json' } : {}
      return stage.trace(`described ${after} s after the data, ${proof}`, 'sidecar', proof, completion)
    }),
  )

/** The size is declared before the first byte, in between, wrongly at first, or after the last byte. */
const declaredSize: Mode = (random) =>
  [1, 12, 25, 70].flatMap((gap) =>
    (['before', 'between', 'wrongly', 'after'] as const).map((when) => declared(new Stage(random), when, gap)),
  )

function declared(stage: Stage, when: 'before' | 'between' | 'wrongly' | 'after', gap: number): Trace {
  const atFirst = { before: { expected: '5000000' }, wrongly: { expected: '7000000' }, between: {}, after: {} }
  stage.create(1_000, 'a', 'in/a.bin', { xattrs: atFirst[when] })
  const from = stage.grow(1_000, 'a', steady(5, gap * second))
  const later = { before: null, between: from - gap * second - 300, wrongly: from + 2_200, after: from + 2_200 }[when]
  if (later !== null) stage.change(later, 'a', { xattrs: { expected: '5000000' } })
  stage.whole({ file: 'a', size: 5_000_000, from, until: null, due: Math.max(from, later ?? 0) })
  return stage.trace(`${when}, a write every ${gap} s`, 'declared size', 'declared', lookFor.declared)
}

/** Its bytes were moved to another provider after it was whole; only the distribution can tell that nothing is missing. */
const evicted: Mode = (random) =>
  [5, 300].map((after) => {
    const stage = new Stage(random)
    const { from, size } = upload(stage, 'none', { gapsMs: steady(3, second) })
    stage.change(from + after * second, 'a', { localRate: 0.2, heldElsewhere: true })
    stage.whole({ file: 'a', size, from, until: null, due: from })
    return stage.trace(`${after} s after the last byte`, 'evicted', 'holes')
  })

export const evidenceModes: Readonly<Record<string, Mode>> = {
  marker,
  sidecar,
  'declared size': declaredSize,
  evicted,
}

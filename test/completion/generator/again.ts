import type { Trace } from '../trace.ts'
import type { Mode } from './corpus.ts'
import { Stage } from './stage.ts'
import { lookFor, prove, upload } from './upload.ts'

const second = 1_000
const steady = (writes: number, gapMs: number) => Array.from({ length: writes }, () => gapMs)
/** A revision that lives shorter than this may be passed over: nobody could know it to be whole. */
const briefMs = 120_000
const briefly = (lifeMs: number) => (lifeMs < briefMs ? { brief: true as const } : {})

/** The same file is written again from its first byte, or another one is put in its place. */
const overwritten: Mode = (random) =>
  [3, 15, 35, 130, 600].flatMap((after) =>
    [1_000_000, 900_000].flatMap((stepBytes) => [
      rewritten(new Stage(random), 'none', after, stepBytes),
      rewritten(new Stage(random), 'marker', after, stepBytes),
      replaced(new Stage(random), after, stepBytes),
    ]),
  )

function rewritten(stage: Stage, proof: 'none' | 'marker', after: number, stepBytes: number): Trace {
  const first = upload(stage, proof, { gapsMs: steady(5, second) })
  const again = first.due + after * second
  stage.whole({ file: 'a', until: again, ...first, ...briefly(again - first.due) })
  stage.write(again, 'a', 0)
  const from = stage.grow(again, 'a', steady(5, 1_500), stepBytes)
  const due = proof === 'marker' ? from + 2_500 : from
  if (proof === 'marker') stage.write(due, 'a-done', 0)
  stage.whole({ file: 'a', size: 5 * stepBytes, from, until: null, due })
  return stage.trace(`${after} s later, ${stepBytes} a step, ${proof}`, 'overwritten', proof, lookFor[proof])
}

/** Another file is written beside it and renamed over it: a new file under the old name. */
function replaced(stage: Stage, after: number, stepBytes: number): Trace {
  const first = upload(stage, 'rename', { gapsMs: steady(5, second) })
  const again = first.due + after * second
  stage.create(again, 'b', 'in/a.bin.part')
  const from = stage.grow(again, 'b', steady(5, 1_500), stepBytes)
  const due = from + 1_000
  stage.remove(due, 'a').rename(due, 'b', 'in/a.bin')
  stage.whole({ file: 'a', until: due, ...first, ...briefly(due - first.due) })
  stage.whole({ file: 'b', size: 5 * stepBytes, from, until: null, due })
  return stage.trace(`${after} s later, ${stepBytes} a step, by a rename`, 'overwritten', 'rename')
}

/** Bytes are added to a file that was whole. */
const appended: Mode = (random) =>
  [3, 12, 25, 60, 150, 900].flatMap((after) =>
    (['none', 'marker', 'declared'] as const).map((proof) => {
      const stage = new Stage(random)
      const first = upload(stage, proof, { gapsMs: steady(4, second) })
      const again = first.due + after * second
      stage.whole({ file: 'a', until: again, ...first, ...briefly(again - first.due) })
      if (proof === 'declared') stage.change(again - 10, 'a', { xattrs: { expected: String(first.size + 3_000_000) } })
      stage.write(again, 'a', first.size + 1_000_000)
      const from = stage.grow(again, 'a', steady(2, second), 1_000_000, first.size + 1_000_000)
      const due = proof === 'marker' ? from + 1_500 : from
      if (proof === 'marker') stage.write(due, 'a-done', 0)
      stage.whole({ file: 'a', size: first.size + 3_000_000, from, until: null, due })
      return stage.trace(`${after} s later, ${proof}`, 'appended after', proof, lookFor[proof])
    }),
  )

/** A file without a byte: for a while, or for good. */
const zeroBytes: Mode = (random) => [
  ...[1, 10, 30, 120, 600].flatMap((after) =>
    (['none', 'xattr'] as const).map((proof) => {
      const stage = new Stage(random)
      const { from, due, size } = upload(stage, proof, { gapsMs: [after * second, second, second] })
      stage.whole({ file: 'a', size, from, until: null, due })
      return stage.trace(`first byte after ${after} s, ${proof}`, 'zero bytes', proof, lookFor[proof])
    }),
  ),
  ...(['none', 'marker', 'xattr', 'rename'] as const).map((proof) => {
    const stage = new Stage(random)
    const { from, due } = upload(stage, proof, { gapsMs: [] })
    stage.whole({ file: 'a', size: 0, from, until: null, due })
    return stage.trace(`empty for good, ${proof}`, 'zero bytes', proof, lookFor[proof])
  }),
]

/** It goes away before anybody could know it to be whole, or just after; and may come back. */
const deleted: Mode = (random) =>
  [1, 8, 19, 40].flatMap((after) =>
    (['none', 'marker', 'rename'] as const).flatMap((proof) =>
      [false, true].map((isBack) => {
        const stage = new Stage(random)
        const { from } = upload(stage, proof, { gapsMs: steady(5, second), isAbandoned: true })
        const end = from + after * second
        stage.remove(end, 'a')
        // Its bytes were all there, as it happened; without evidence that is all there is to know.
        if (proof === 'none') stage.whole({ file: 'a', size: 5_000_000, from, until: end, due: from, brief: true })
        if (isBack) comeBack(stage, end + 5_000, proof)
        return stage.trace(
          `after ${after} s${isBack ? ' and again' : ''}, ${proof}`,
          'deleted while pending',
          proof,
          lookFor[proof],
        )
      }),
    ),
  )

function comeBack(stage: Stage, at: number, proof: 'none' | 'marker' | 'rename'): void {
  stage.create(at, 'b', proof === 'rename' ? 'in/a.bin.part' : 'in/a.bin')
  const from = stage.grow(at, 'b', steady(3, second))
  const due = prove(stage, proof, { file: 'b', name: 'a.bin', at: from, afterMs: 1_200 })
  stage.whole({ file: 'b', size: 3_000_000, from, until: null, due })
}

export const againModes: Readonly<Record<string, Mode>> = {
  overwritten,
  'appended after': appended,
  'zero bytes': zeroBytes,
  'deleted while pending': deleted,
}

import type { Proof } from '../trace.ts'
import type { Mode } from './corpus.ts'
import { Stage } from './stage.ts'
import { lookFor, plainTrace, proofs, upload } from './upload.ts'

const second = 1_000
const seconds = (value: number) => `${value} s`
const steady = (writes: number, gapMs: number) => Array.from({ length: writes }, () => gapMs)

/** The source pauses between any two writes; beyond stableFor it looks finished each time. */
const slow: Mode = (random) =>
  [1, 2, 5, 8, 12, 18, 22, 30, 45, 75].flatMap((gap) =>
    (gap > 18 ? proofs : (['none', 'declared'] as const)).map((proof) => {
      const stage = new Stage(random)
      const gapsMs = steady(6, 0).map(() => stage.about(gap * second))
      return plainTrace(stage, { name: `a write every ${seconds(gap)}, ${proof}`, mode: 'slow', proof, gapsMs })
    }),
  )

/** One long pause in an upload that is quick before and after it. */
const stalled: Mode = (random) =>
  [4, 8, 15, 25, 40, 90, 300, 1_200].flatMap((pause) =>
    (pause > 15 ? proofs : (['none'] as const)).map((proof) => {
      const gapsMs = [...steady(5, second), pause * second, ...steady(5, second)]
      return plainTrace(new Stage(random), {
        name: `pauses ${seconds(pause)}, ${proof}`,
        mode: 'stalled',
        proof,
        gapsMs,
      })
    }),
  )

/** The uploader dies: the file never is complete. */
const abandoned: Mode = (random) =>
  [1, 6, 20].flatMap((writes) =>
    proofs.map((proof) => {
      const stage = new Stage(random)
      upload(stage, proof, { gapsMs: steady(writes, 2 * second), isAbandoned: true })
      return stage.trace(`stops after ${writes} writes, ${proof}`, 'abandoned', proof, lookFor[proof])
    }),
  )

/** The client closes the file although it breaks off: what says "closed" says nothing. Only a declared size tells the truth. */
const closedOnAbort: Mode = (random) =>
  [2, 7].flatMap((writes) =>
    (['none', 'declared'] as const).map((proof) => {
      const stage = new Stage(random)
      const { from } = upload(stage, proof, {
        gapsMs: steady(writes, 2 * second),
        isAbandoned: true,
        facts: () => ({ processing: true }),
      })
      stage.change(from + 500, 'a', { processing: false })
      return stage.trace(`closed after ${writes} writes, ${proof}`, 'closed on abort', proof, {
        ...lookFor[proof],
        cdmi: true,
      })
    }),
  )

/** The size is final from the first moment; bytes come all the same. */
const preallocated: Mode = (random) =>
  [2, 6, 15, 25, 60].flatMap((gap) =>
    (['none', 'marker', 'cdmi', 'holes'] as const).map((proof) => {
      const gapsMs = steady(6, gap * second)
      const facts = (step: number, steps: number) => ({
        size: 6_000_000,
        ...(proof === 'holes' ? { localRate: (step + 1) / steps } : {}),
      })
      const first = facts(-1, 6)
      const name = `written every ${seconds(gap)}, ${proof}`
      return plainTrace(new Stage(random), { name, mode: 'preallocated', proof, gapsMs, first, facts })
    }),
  )

/** Chunks come in any order, the last one of the file first: the provider knows that bytes are missing. */
const outOfOrder: Mode = (random) =>
  [1, 4, 9, 19, 30, 80, 400].map((gap) => {
    const proof: Proof = 'holes'
    const facts = (step: number, steps: number) => ({ size: 8_000_000, localRate: (step + 1) / steps })
    const gapsMs = steady(8, gap * second)
    const name = `a chunk every ${seconds(gap)}`
    return plainTrace(new Stage(random), { name, mode: 'out of order', proof, gapsMs, first: facts(-1, 8), facts })
  })

export const growingModes: Readonly<Record<string, Mode>> = {
  slow,
  stalled,
  abandoned,
  'closed on abort': closedOnAbort,
  preallocated,
  'out of order': outOfOrder,
}

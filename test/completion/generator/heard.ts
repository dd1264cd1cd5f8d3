import type { Told } from '../trace.ts'
import type { Mode } from './corpus.ts'
import { Stage } from './stage.ts'
import { lookFor, plainTrace, proofs, upload } from './upload.ts'

const second = 1_000
const steady = (writes: number, gapMs: number) => Array.from({ length: writes }, () => gapMs)

/** The provider tells of a size at most every 10 s and of times every 8 s. */
const heldBack: Mode = (random) =>
  [1, 3, 6, 9, 11, 17].flatMap((gap) =>
    (['none', 'marker', 'rename', 'xattr'] as const).map((proof) => {
      const stage = new Stage(random, { sizeHoldMs: 10_000, timesHoldMs: 8_000 })
      const gapsMs = steady(8, 0).map(() => stage.about(gap * second))
      return plainTrace(stage, { name: `a write every ${gap} s, ${proof}`, mode: 'held back', proof, gapsMs })
    }),
  )

/** Another provider is watched, to which everything comes late. */
const replicated: Mode = (random) =>
  [1, 4, 9, 30].flatMap((lag) =>
    (['none', 'marker', 'rename', 'declared'] as const).flatMap((proof) =>
      [2, 15].map((gap) => {
        const stage = new Stage(random, { lagMs: lag * second })
        const gapsMs = steady(5, 0).map(() => stage.about(gap * second))
        const facts = () => ({ localRate: 0 })
        const name = `${lag} s later, a write every ${gap} s, ${proof}`
        return plainTrace(stage, { name, mode: 'replicated', proof, gapsMs, facts })
      }),
    ),
  )

/** The provider that is written to holds back the last size, not the marker or the new name: they come to the other one before it. */
const replicatedAhead: Mode = (random) =>
  [3, 8].flatMap((heldBack) =>
    (['marker', 'rename', 'declared', 'xattr'] as const).map((proof) => {
      const stage = new Stage(random, { lagMs: 2 * second })
      const first = proof === 'declared' ? { xattrs: { expected: '7000000' } } : {}
      const { from: end, due } = upload(stage, proof, { gapsMs: steady(6, second), proofAfterMs: 400, first })
      const from = end + heldBack * second
      stage.write(from, 'a', 7_000_000, { mtime: stage.second(end) })
      stage.whole({ file: 'a', size: 7_000_000, from, until: null, due: Math.max(from, due) })
      return stage.trace(`the last size ${heldBack} s behind, ${proof}`, 'replicated ahead', proof, lookFor[proof])
    }),
  )

/** The watcher is restarted during the upload, or while it ends. */
const restarted: Mode = (random) =>
  (
    [
      [4_000, 5_000],
      [4_000, 60_000],
      [2_500, 16_000],
      [14_000, 17_000],
      [24_000, 400_000],
    ] as const
  ).flatMap(([from, until]) =>
    (['none', 'marker', 'rename', 'xattr'] as const).map((proof) => {
      const stage = new Stage(random).down(from, until)
      const name = `down from ${from / second} s to ${until / second} s, ${proof}`
      return plainTrace(stage, { name, mode: 'restart during upload', proof, gapsMs: steady(6, 3 * second) })
    }),
  )

/** The stream loses what it has to say: everything, all but the beginning, or the end. */
const eventGap: Mode = (random) =>
  (
    [
      ['everything is lost', () => true],
      ['only the beginning is told', ({ at }) => at > 4_000],
      ['the beginning is lost', ({ at }) => at < 8_000],
      ['every second is lost', ({ at }) => at % 2 === 0],
    ] as const satisfies readonly (readonly [string, (told: Told) => boolean])[]
  ).flatMap(([what, isLost]) =>
    (['none', 'marker', 'rename', 'declared'] as const).map((proof) => {
      const stage = new Stage(random).lose(isLost)
      return plainTrace(stage, { name: `${what}, ${proof}`, mode: 'event gap', proof, gapsMs: steady(6, 2 * second) })
    }),
  )

/** Many files at once, each of them slow. */
const burst: Mode = (random) =>
  [30, 60].flatMap((files) =>
    (['none', 'marker'] as const).map((proof) => {
      const stage = new Stage(random)
      for (let index = 0; index < files; index++) {
        const [file, at] = [`f${index}`, 1_000 + index * 20]
        stage.create(at, file, `in/${file}.bin`)
        const from = stage.grow(at, file, [stage.about(4_000), stage.about(5_000)])
        const due = proof === 'marker' ? from + 700 : from
        if (proof === 'marker') stage.create(due, `${file}-done`, `in/${file}.bin.done`)
        stage.whole({ file, size: 2_000_000, from, until: null, due })
      }
      return stage.trace(`${files} files, ${proof}`, 'burst', proof, lookFor[proof])
    }),
  )

/** Nothing unusual: what every rule should be good at. */
const usual: Mode = (random) =>
  proofs.map((proof) => {
    const stage = new Stage(random)
    return plainTrace(stage, { name: `an upload of 8 s, ${proof}`, mode: 'usual', proof, gapsMs: steady(8, second) })
  })

export const heardModes: Readonly<Record<string, Mode>> = {
  usual,
  'held back': heldBack,
  replicated,
  'replicated ahead': replicatedAhead,
  'restart during upload': restarted,
  'event gap': eventGap,
  burst,
}

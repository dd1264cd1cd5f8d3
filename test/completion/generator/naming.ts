import type { Mode } from './corpus.ts'
import { Stage } from './stage.ts'
import { lookFor, plainTrace, prove, upload } from './upload.ts'

const second = 1_000
const steady = (writes: number, gapMs: number) => Array.from({ length: writes }, () => gapMs)
/** Two and a half years. */
const longAgo = -80_000_000

/** Written under another name, and put into its place when it is whole. */
const renamed: Mode = (random) => [
  ...[0, 1, 5, 21, 90, 1_000].flatMap((after) =>
    [1, 25].map((gap) => {
      const gapsMs = steady(4, gap * second)
      const name = `a write every ${gap} s, renamed after ${after} s`
      return plainTrace(new Stage(random), {
        name,
        mode: 'renamed into place',
        proof: 'rename',
        gapsMs,
        proofAfterMs: after * second,
      })
    }),
  ),
  // From a folder that nobody watches: no name tells that it was under way, and none that it is whole.
  ...[0, 2, 30].map((after) => {
    const stage = new Stage(random)
    stage.create(1_000, 'a', 'staging/a.bin')
    const from = stage.grow(1_000, 'a', steady(4, second))
    const due = from + after * second
    stage.rename(due, 'a', 'in/a.bin').whole({ file: 'a', size: 4_000_000, from, until: null, due })
    return stage.trace(`moved in after ${after} s`, 'renamed into place', 'none')
  }),
  // A hidden name of rsync's, and a second name before the last one.
  ...['in/.a.bin.Zx81Qk', 'in/a.bin.filepart'].map((temporary) => {
    const stage = new Stage(random)
    stage.create(1_000, 'a', temporary)
    const from = stage.grow(1_000, 'a', steady(3, 22 * second))
    stage.rename(from + 500, 'a', 'in/a.bin.tmp').rename(from + 30_000, 'a', 'in/a.bin')
    stage.whole({ file: 'a', size: 3_000_000, from, until: null, due: from + 30_000 })
    return stage.trace(`twice, from ${temporary.slice(3)}`, 'renamed into place', 'rename')
  }),
]

/** The uploader gives the file the mtime of its original: at the end, from the start, or after each write. */
const preservedMtime: Mode = (random) =>
  (['at the end', 'from the start', 'after each write'] as const).flatMap((when) =>
    [1, 7, 25].flatMap((gap) =>
      (['none', 'marker', 'rename'] as const).map((proof) => {
        const stage = new Stage(random)
        const old = when === 'at the end' ? {} : { mtime: longAgo }
        const gapsMs = steady(4, gap * second)
        const first = when === 'from the start' ? old : {}
        const { from, size } = upload(stage, proof, { gapsMs, isAbandoned: true, first, facts: () => old })
        stage.change(from + 200, 'a', { mtime: longAgo })
        const due = prove(stage, proof, { file: 'a', name: 'a.bin', at: from + 200, afterMs: 900 })
        stage.whole({ file: 'a', size, from, until: null, due })
        return stage.trace(`${when}, a write every ${gap} s, ${proof}`, 'preserved mtime', proof, lookFor[proof])
      }),
    ),
  )

/** The provider's clock and ours differ. */
const clockSkew: Mode = (random) =>
  [-86_400, -3_600, -45, 45, 3_600, 86_400].flatMap((skew) =>
    (['none', 'marker', 'rename', 'declared'] as const).map((proof) => {
      const stage = new Stage(random, { skewMs: skew * second })
      const name = `the provider is ${skew} s ahead, ${proof}`
      return plainTrace(stage, { name, mode: 'clock skew', proof, gapsMs: steady(6, 3 * second) })
    }),
  )

export const namingModes: Readonly<Record<string, Mode>> = {
  'renamed into place': renamed,
  'preserved mtime': preservedMtime,
  'clock skew': clockSkew,
}

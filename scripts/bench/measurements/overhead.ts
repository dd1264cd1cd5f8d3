import { type Measurement, of, type Size, type Values } from '../measurement.ts'
import { percentile } from '../statistics.ts'
import { patienceMs, streamUploads } from '../upload-stream.ts'

/** What OneTrigger adds to the quiet period at a steady rate of uploads. */
function overheadAt(rate: number, goal: { readonly goal?: number }, check: Size | null = null): Measurement {
  const figure = { unit: 'ms', better: 'lower' } as const
  return {
    name: `overhead-${rate}`,
    about: `${rate.toLocaleString('en')} files per second (open loop): from the change the provider told of + stableFor to the request at the receiver`,
    figures: {
      p50: { ...figure, about: 'half of the files' },
      p99: { ...figure, about: '99 %', ...goal },
      p999: { ...figure, about: '99.9 %' },
      worst: { ...figure, about: 'the latest' },
      seenP99: { ...figure, about: '99 %, from the change as OneTrigger saw it' },
      onset: { about: 'the latest of the first second, told at once, and of those that it holds up', ...figure },
      missing: { about: 'files that had not fired a minute after the last', unit: '', better: 'lower' },
    },
    sizes: {
      full: { rate, seconds: 20, warmUp: 5 },
      quick: { rate, seconds: 8, warmUp: 3 },
      ...(check === null ? {} : { check }),
    },
    // Times are the machine's, but each file fires.
    bounds: check === null ? [] : [{ figure: 'missing', most: 0 }],
    seconds: (runs) => 35 * runs,
    ownProcess: true,
    async *measure(size, runs) {
      for (let run = 0; run < runs; run++) yield await once(size)
    },
  }
}

async function once(size: Size): Promise<Values> {
  const stream = { rate: of(size, 'rate'), seconds: of(size, 'seconds'), warmUp: of(size, 'warmUp') }
  const { late, missing } = await streamUploads({ ...stream, perSecond: 100, perDirectory: 100_000 })
  const steady = late.filter(({ part }) => part === 'steady')
  // What never came is later than all that did: leaving it out would flatter.
  const told = [...steady.map(({ sinceTold }) => sinceTold), ...Array.from({ length: missing }, () => patienceMs)]
  const onset = late.filter(({ part }) => part === 'onset').map(({ sinceTold }) => sinceTold)
  const [p50, p99, p999] = [percentile(told, 0.5), percentile(told, 0.99), percentile(told, 0.999)]
  const seenP99 = percentile(
    steady.map(({ request }) => request),
    0.99,
  )
  return { p50, p99, p999, worst: percentile(told, 1), seenP99, onset: percentile(onset, 1), missing }
}

export const overheads: readonly Measurement[] = [
  overheadAt(200, {}, { rate: 200, seconds: 7, warmUp: 2 }),
  overheadAt(1_000, { goal: 25 }),
  overheadAt(5_000, {}),
]

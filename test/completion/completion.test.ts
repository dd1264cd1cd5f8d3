import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeCorpus } from './generator/corpus.ts'
import { oneTrigger } from './players/onetrigger.ts'
import { rivals } from './players/rivals.ts'
import { brokenPromises } from './promise.ts'
import { asMarkdown } from './report.ts'
import { type Judged, judge, judgeAll } from './score.ts'
import { asFile, corpusFolder, type Proof, readCorpus, type Trace } from './trace.ts'

const corpus = readCorpus()

describe('the corpus of uploads', () => {
  it('is what the generator makes of the published seed', () => {
    const made = [...makeCorpus()].map(([mode, traces]) => [`${mode.replaceAll(' ', '-')}.jsonl`, asFile(traces)])
    const files = readdirSync(corpusFolder).filter((name) => name.endsWith('.jsonl'))

    expect(files.toSorted()).toEqual(made.map(([name]) => name).toSorted())
    for (const [name = '', text] of made) {
      expect(
        readFileSync(join(corpusFolder, name), 'utf8') === text,
        `${name}: npm run prove:completion -- --make`,
      ).toBe(true)
    }
  })

  it('has more than 200 traces, every kind of evidence and none, and no name twice', () => {
    const names = corpus.map(({ mode, name }) => `${mode}: ${name}`)

    expect(corpus.length).toBeGreaterThan(200)
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(corpus.map(({ evidence }) => evidence)).size).toBe(7)
  })

  it('shows in time what is true: whoever reads a revision while it is whole finds its size', () => {
    for (const { mode, name, shown, truth } of corpus) {
      for (const { file, from, size } of truth) {
        const last = shown.findLast((each) => each.file === file && each.at <= from && each.size !== undefined)
        expect(last?.size, `${mode}: ${name}`).toBe(size)
      }
    }
  })
})

describe('OneTrigger on the corpus', () => {
  it.each([2, 20])(
    'misses nothing, tells nothing twice, is never early where there is evidence nor late without a reason: stableFor %s s',
    async (seconds) => {
      const judged = await judgeAll(oneTrigger(seconds * 1_000), corpus)

      expect(brokenPromises(judged, seconds * 1_000)).toEqual([])
    },
  )

  it.each(['marker', 'xattr', 'declared', 'rename', 'holes', 'cdmi'] satisfies Proof[])(
    'would be early without this rung: %s',
    async (rung) => {
      const judged = await judgeAll(
        oneTrigger(20_000, rung),
        corpus.filter(({ evidence }) => evidence === rung),
      )

      expect(brokenPromises(judged, 20_000).filter((each) => each.includes('in spite of evidence'))).not.toEqual([])
    },
  )
})

describe('the score', () => {
  const trace: Trace = {
    name: 'one',
    mode: 'usual',
    evidence: 'none',
    provider: 'origin',
    completion: {},
    shown: [{ at: 0, file: 'a', path: 'in/a', size: 5, mtime: 0 }],
    told: [],
    down: [],
    truth: [
      { file: 'a', size: 5, from: 1_000, until: 50_000, due: 2_000 },
      { file: 'a', size: 6, from: 60_000, until: null, due: 60_000 },
    ],
  }
  const fire = (at: number, size: number) => ({ at, file: 'a', size })

  it.each([
    [
      'told when it is whole',
      [fire(3_000, 5), fire(60_000, 6)],
      { early: 0, missed: 0, extra: 0, delaysMs: [1_000, 0] },
    ],
    ['told before', [fire(500, 5), fire(3_000, 5), fire(61_000, 6)], { early: 1, earlyEvents: 1, missed: 0 }],
    ['told with the size of another moment', [fire(3_000, 4)], { early: 1, missed: 2 }],
    ['told between two revisions', [fire(55_000, 5)], { early: 1, missed: 2 }],
    ['told again', [fire(3_000, 5), fire(4_000, 5), fire(60_000, 6)], { early: 0, extra: 1, missed: 0 }],
    ['told late', [fire(3_000, 5), fire(120_001, 6)], { late: 1, missed: 0 }],
  ])('of a revision that is %s', (_what, fires, expected) => {
    expect(judge(trace, fires)).toMatchObject(expected)
  })
})

describe('the rules of others', () => {
  it('are good at the usual upload and show the weakness they are known for', async () => {
    const of = (mode: string) => corpus.filter((trace) => trace.mode === mode)
    const counted = async (traces: readonly Trace[]) => {
      const results: [string, { early: number; missed: number }][] = []
      for (const rival of rivals) {
        const judged = await judgeAll(rival, traces)
        results.push([rival.name, { early: sum(judged, 'early'), missed: sum(judged, 'missed') }])
      }
      return Object.fromEntries(results)
    }

    const [usual, preserved, abandoned] = [
      await counted(of('usual')),
      await counted(of('preserved mtime')),
      await counted(of('abandoned')),
    ]

    expect(usual).toMatchObject({
      'Camel readLock=changed': { early: 0, missed: 0 },
      'chokidar awaitWriteFinish': { early: 0, missed: 0 },
    })
    expect(preserved['NiFi ListFile, minimum age 20 s']?.missed).toBeGreaterThan(0)
    expect(abandoned['1.0.4']?.early).toBe(of('abandoned').length)
  })

  it('stand in the same table', async () => {
    const some = corpus.filter(({ mode }) => mode === 'usual')
    const results = [oneTrigger(20_000), ...rivals].map(async (player) => ({
      player: player.name,
      judged: await judgeAll(player, some),
    }))

    const table = asMarkdown(await Promise.all(results))

    expect(table).toContain('| OneTrigger, stableFor 20 s | 0 | 0 | 0 | 0 | 0 |')
    for (const { name } of rivals) expect(table).toContain(`| ${name} |`)
  })
})

function sum(judged: readonly Judged[], key: 'early' | 'missed'): number {
  return judged.reduce((total, { score }) => total + score[key], 0)
}

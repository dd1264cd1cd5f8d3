import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCorpus } from '../../test/completion/generator/corpus.ts'
import { oneTrigger } from '../../test/completion/players/onetrigger.ts'
import { rivals } from '../../test/completion/players/rivals.ts'
import { brokenPromises } from '../../test/completion/promise.ts'
import { asJson, asMarkdown, type Result } from '../../test/completion/report.ts'
import { judgeAll } from '../../test/completion/score.ts'
import { asFile, corpusFolder, readCorpus } from '../../test/completion/trace.ts'
import { amounts, flag, readOptions } from '../options.ts'

const options = readOptions({
  command: 'prove:completion',
  about:
    'Plays the published corpus of uploads to OneTrigger and to the rules that others document, and compares what each takes for complete with the truth.',
  examples: {
    '': 'the table of docs/benchmarks.md',
    '--stable-for 2,60': 'for two quiet periods only',
    '--make': 'writes the corpus again, from its seed',
  },
  options: {
    stableFor: amounts('quiet periods of OneTrigger that are tried, with commas between', [20, 2, 10, 60], 'seconds'),
    json: flag('print JSON instead of tables'),
    make: flag('write the corpus, and prove nothing'),
  },
})

if (options.make) make()
else await prove(options.stableFor.map((seconds) => seconds * 1_000))

function make(): void {
  for (const [mode, traces] of makeCorpus()) {
    const path = join(corpusFolder, `${mode.replaceAll(' ', '-')}.jsonl`)
    rmSync(path, { force: true })
    writeFileSync(path, asFile(traces))
    console.log(`${path}: ${traces.length} traces`)
  }
}

async function prove(windowsMs: readonly number[]): Promise<void> {
  const corpus = readCorpus()
  const results: Result[] = []
  const broken: string[] = []
  for (const stableForMs of windowsMs) {
    const judged = await judgeAll(oneTrigger(stableForMs), corpus)
    results.push({ player: oneTrigger(stableForMs).name, judged })
    broken.push(...brokenPromises(judged, stableForMs).map((what) => `stableFor ${stableForMs / 1_000} s: ${what}`))
  }
  for (const rival of rivals) results.push({ player: rival.name, judged: await judgeAll(rival, corpus) })
  console.log(options.json ? JSON.stringify(asJson(results, broken), null, 2) : asMarkdown(results))
  for (const each of broken) console.error(`BROKEN: ${each}`)
  if (corpus.length < 200) console.error(`there are only ${corpus.length} traces`)
  process.exitCode = broken.length === 0 && corpus.length >= 200 ? 0 : 1
}

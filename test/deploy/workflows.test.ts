import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { textOf } from './rules.ts'

const step = z.object({ uses: z.string().optional(), run: z.string().optional() })
const job = z.object({
  uses: z.string().optional(),
  permissions: z.record(z.string(), z.string()),
  'timeout-minutes': z.number().optional(),
  strategy: z
    .object({
      matrix: z.object({
        suite: z.array(z.string()).default([]),
        include: z.array(z.object({ proof: z.string(), size: z.string() })).default([]),
      }),
    })
    .optional(),
  steps: z.array(step).default([]),
})
const workflow = z.object({ permissions: z.strictObject({}), jobs: z.record(z.string(), job) })

const manifest = z.object({ scripts: z.record(z.string(), z.string()), repository: z.object({ url: z.string() }) })
const { scripts, repository } = manifest.parse(JSON.parse(textOf('package.json')))
const read = (name: string) => workflow.parse(parse(textOf(`.github/workflows/${name}.yaml`)))
const [checks, explore, release] = [read('checks'), read('explore'), read('release')]
const jobs = [checks, explore, release].flatMap((each) => Object.entries(each.jobs))
const steps = jobs.flatMap(([, job]) => job.steps)

const stepsOf = ({ jobs }: typeof checks) =>
  Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = '' }) => run))
const gate = textOf('.ci/run').split('\n')

describe('the workflows', () => {
  it('let no job write but those that publish, each only there', () => {
    const writing = jobs.flatMap(([name, { permissions }]) =>
      Object.entries(permissions).flatMap(([what, right]) => (right === 'write' ? [`${name}: ${what}`] : [])),
    )

    expect(writing).toEqual([
      'npm: id-token',
      'image: packages',
      'image: id-token',
      'image: attestations',
      'chart: packages',
      'release: contents',
    ])
  })

  it('end in time, whatever hangs', () => {
    expect(jobs.filter(([, job]) => job.uses === undefined && (job['timeout-minutes'] ?? 999) > 60)).toEqual([])
  })

  it('use actions of a major version or a commit, never of a branch', () => {
    const used = steps.flatMap(({ uses }) => uses ?? [])

    expect(used.length).toBeGreaterThan(10)
    expect(used.filter((action) => !/^[\w./-]+@(?:v\d+|[\da-f]{40})$/.test(action))).toEqual([])
  })

  it('put nothing into a shell that somebody else has written', () => {
    expect(steps.filter(({ run = '' }) => run.includes('${{'))).toEqual([])
  })

  it('publish with provenance from the repository that the package names, else npm refuses it', () => {
    expect(steps.filter(({ run = '' }) => run.includes('npm publish') && run.includes('--provenance'))).toHaveLength(1)
    expect(repository.url).toBe('git+https://github.com/grycap/onetrigger.git')
  })

  it('run scripts that there are, and every suite', () => {
    const suites = checks.jobs.suites?.strategy?.matrix.suite ?? []
    const proofs = explore.jobs.explore?.strategy?.matrix.include ?? []
    const named = steps.flatMap(({ run = '' }) =>
      [...run.matchAll(/\bnpm run ([\w:]*\w)(?![\w:])/g)].map((match) => match[1] ?? ''),
    )
    const chosen = [...suites.map((suite) => `test:${suite}`), ...proofs.map(({ proof }) => `prove:${proof}`)]
    const run = new Set([...named, ...chosen])
    const wanted = Object.keys(scripts).filter((name) => /^test:(?!watch)/.test(name))

    expect([...run].filter((name) => !(name in scripts))).toEqual([])
    expect(wanted.filter((name) => !run.has(name))).toEqual([])
  })

  it('draw seeds at night, and never where a change has to pass', () => {
    const proofs = explore.jobs.explore?.strategy?.matrix.include ?? []
    const drawn = /RANDOM|GITHUB_RUN/

    expect(proofs.map(({ proof }) => proof).toSorted()).toEqual([
      'crash',
      'fuzz',
      'gaps',
      'power',
      'rush',
      'simulation',
      'soak',
    ])
    expect(stepsOf(explore).filter((run) => drawn.test(run))).toHaveLength(1)
    expect([...stepsOf(checks), ...gate].filter((run) => /prove:/.test(run) && drawn.test(run))).toEqual([])
    expect(gate.filter((line) => /prove:(?:gaps|simulation|fuzz)\b/.test(line) && !/ --seed \d+$/.test(line))).toEqual(
      [],
    )
  })
})

import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { textOf } from './rules.ts'

const step = z.object({ uses: z.string().optional(), run: z.string().optional() })
const job = z.object({
  uses: z.string().optional(),
  permissions: z.record(z.string(), z.string()),
  'timeout-minutes': z.number().optional(),
  strategy: z.object({ matrix: z.object({ suite: z.array(z.string()).default([]) }) }).optional(),
  steps: z.array(step).default([]),
})
const workflow = z.object({ permissions: z.strictObject({}), jobs: z.record(z.string(), job) })

const manifest = z.object({ scripts: z.record(z.string(), z.string()), repository: z.object({ url: z.string() }) })
const { scripts, repository } = manifest.parse(JSON.parse(textOf('package.json')))
const read = (name: string) => workflow.parse(parse(textOf(`.github/workflows/${name}.yaml`)))
const [checks, release] = [read('checks'), read('release')]
const jobs = [...Object.entries(checks.jobs), ...Object.entries(release.jobs)]
const steps = jobs.flatMap(([, job]) => job.steps)

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
    const named = steps.flatMap(({ run = '' }) =>
      [...run.matchAll(/\bnpm run ([\w:]*\w)/g)].map((match) => match[1] ?? ''),
    )
    const run = new Set([...named, ...suites.map((suite) => `test:${suite}`)])
    const wanted = Object.keys(scripts).filter((name) => /^test:(?!watch)/.test(name))

    expect([...run].filter((name) => !(name in scripts))).toEqual([])
    expect(wanted.filter((name) => !run.has(name))).toEqual([])
  })
})

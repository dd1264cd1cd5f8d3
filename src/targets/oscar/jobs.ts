import { z } from 'zod'
import { type Job, type JobState, mostDetail } from '../../core/delivery.ts'
import { type OscarClient, parseJson } from './client.ts'

/** A job that the cluster has not shown for so long after its start: it does not name jobs as it is asked to. */
const patienceMs = 600_000
const mostPages = 20

const jobSchema = z.object({
  status: z.string().catch('Unknown'),
  creation_time: z.string().nullish().catch(null),
  start_time: z.string().nullish().catch(null),
  finish_time: z.string().nullish().catch(null),
})

type OscarJob = z.output<typeof jobSchema>

/** From OSCAR 3.6.5 on the jobs stand below `jobs`, a page at a time; before, the map is the whole answer. */
const pageSchema = z.union([
  z.object({ jobs: z.record(z.string(), jobSchema), next_page: z.string().nullish().catch(null) }),
  z.record(z.string(), jobSchema).transform((jobs) => ({ jobs, next_page: null })),
])

const states: ReadonlyMap<string, JobState> = new Map([
  ['Running', 'running'],
  ['Succeeded', 'succeeded'],
  ['Failed', 'failed'],
])

/** Looks at jobs of a service through `/system/logs`. Rejects where the cluster cannot be asked. */
export async function lookAtJobs(
  client: OscarClient,
  service: string,
  jobs: readonly Job[],
  now: number,
  signal: AbortSignal,
): Promise<readonly Job[]> {
  const wanted = new Set(jobs.map(({ id }) => id))
  const { found, isWhole } = await findJobs(client, service, wanted, signal)
  return jobs.flatMap((job) => {
    const seen = found.get(job.id)
    if (seen !== undefined) return [asJob(job, seen, service, now)]
    return !isWhole || now - startOf(job) < patienceMs
      ? []
      : [{ ...job, state: 'unknown', detail: unknownDetail(job), seenAt: now }]
  })
}

/** `isWhole`: every page was read, so that what is not found is not there. */
async function findJobs(
  client: OscarClient,
  service: string,
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<{ readonly found: ReadonlyMap<string, OscarJob>; readonly isWhole: boolean }> {
  const found = new Map<string, OscarJob>()
  let next: string | null = ''
  for (let count = 0; count < mostPages && next !== null && found.size < wanted.size; count++) {
    const page = await readPage(client, service, next, signal)
    for (const [name, job] of Object.entries(page.jobs)) if (wanted.has(name)) found.set(name, job)
    next = page.next_page === '' ? null : (page.next_page ?? null)
  }
  return { found, isWhole: next === null }
}

async function readPage(
  client: OscarClient,
  service: string,
  page: string,
  signal: AbortSignal,
): Promise<z.output<typeof pageSchema>> {
  const query = page === '' ? '' : `?page=${encodeURIComponent(page)}`
  const answer = await client.get(`/system/logs/${service}${query}`, signal)
  if (answer === null) return { jobs: {}, next_page: null }
  if (answer.status !== 200) throw new Error(`the cluster answered ${answer.status} when asked about jobs`)
  const parsed = pageSchema.safeParse(parseJson(answer.body))
  if (!parsed.success) throw new Error('the cluster answered about jobs in a form that is not known')
  return parsed.data
}

function asJob(job: Job, { status, creation_time, start_time }: OscarJob, service: string, now: number): Job {
  const state = states.get(status) ?? 'submitted'
  const waits = state === 'submitted' && typeof creation_time === 'string' && (start_time ?? '') === ''
  const detail = waits ? `${status}: not started since ${creation_time}` : status
  return { ...job, state, detail: withStart(job, detail), log: `/system/logs/${service}/${job.id}`, seenAt: now }
}

/** When the job was handed over stands in its detail, for as long as nothing else is known of it. */
export function handedOver(id: string, now: number): Job {
  return { id, state: 'submitted', detail: `handed over at ${new Date(now).toISOString()}`, seenAt: now }
}

function startOf({ detail }: Job): number {
  const at = Date.parse(/handed over at (\S+)/.exec(detail)?.[1] ?? '')
  return Number.isNaN(at) ? 0 : at
}

function withStart({ detail }: Job, now: string): string {
  const start = /handed over at \S+/.exec(detail)?.[0]
  if (start === undefined) return now.slice(0, mostDetail)
  return `${now.slice(0, mostDetail - start.length - 2)}; ${start}`
}

function unknownDetail({ detail }: Job): string {
  return `the cluster shows no job of this name (before OSCAR 4.1 it chooses names itself); last seen: ${detail}`.slice(
    0,
    mostDetail,
  )
}

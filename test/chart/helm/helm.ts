import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { chartFolder } from '../manifests.ts'

const program = process.env.HELM ?? 'helm'

const missing =
  'this suite needs Helm 3.18 or newer, on the PATH or named by HELM: `GOFLAGS=-mod=mod go install helm.sh/helm/v3/cmd/helm@v3.18.6`, or https://helm.sh/docs/intro/install'

/** How a run of helm ended. */
export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs helm. Rejects, with words on where it is got, where there is none. */
export function helm(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) return resolve({ status: 0, stdout, stderr })
      if (typeof error.code !== 'number') return reject(new Error(missing, { cause: error }))
      return resolve({ status: error.code, stdout, stderr })
    })
  })
}

/** A helm that was built with `go install` takes the cluster for a very old one, unless it is told. */
const cluster = ['--kube-version', '1.33.4']

/** What an installation of the chart would make. Rejects with what helm has against it. */
export function render(release: string, ...args: readonly string[]): Promise<string> {
  return templateOf(chartFolder, release, ...args)
}

/** The same for another chart, which may be an archive. */
export async function templateOf(chart: string, release: string, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await helm(
    'template',
    release,
    chart,
    '--namespace',
    'bridges',
    ...cluster,
    ...args,
  )
  if (status !== 0) throw new Error(stderr)
  return stdout
}

/** What helm says against an installation; empty where it would go through. */
export async function refusal(...args: readonly string[]): Promise<string> {
  return render('ot', ...args).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
}

/** The version in Chart.yaml. */
export const chartVersion =
  /^version: (.*)$/m.exec(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8'))?.[1] ?? z.never().parse('no version')

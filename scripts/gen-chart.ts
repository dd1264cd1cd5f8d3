// What of the chart is made from elsewhere: its schema and README, its version, and its copies of alerts and dashboard, so that a package is whole.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { chartReadme, undescribed, valueComments } from './gen-chart-readme.ts'
import { chartValuesSchema } from './gen-chart-schema.ts'

const chart = 'charts/onetrigger'

/** Path and content of each page. Making one throws where values.yaml does not say what a value means. */
export const chartPages: Readonly<Record<string, () => string>> = {
  [`${chart}/values.schema.json`]: schemaPage,
  [`${chart}/README.md`]: () => chartReadme(read(`${chart}/README.in.md`), read(`${chart}/values.yaml`)),
  [`${chart}/Chart.yaml`]: manifest,
  [`${chart}/files/onetrigger.rules.yaml`]: () => read('deploy/prometheus/onetrigger.rules.yaml'),
  [`${chart}/files/onetrigger.json`]: () => read('deploy/grafana/onetrigger.json'),
}

function schemaPage(): string {
  const text = read(`${chart}/values.yaml`)
  const comments = valueComments(text)
  const missing = undescribed(text, comments)
  if (missing.length > 0) throw new Error(`values.yaml does not say what these mean: ${missing.join(', ')}`)
  const descriptions = new Map(comments.map(({ path, description }) => [path, description]))
  return `${JSON.stringify(chartValuesSchema(descriptions), null, 2)}\n`
}

/** The chart is released together with what it installs, under the same version. */
function manifest(): string {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(read('package.json')))
  return read(`${chart}/Chart.yaml`).replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`)
}

function read(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8')
}

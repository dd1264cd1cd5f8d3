import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { tempDir } from '../../support/temp-dir.ts'
import { chartFolder, parseManifests, valueSets } from '../manifests.ts'
import { chartVersion, helm, refusal, render, templateOf } from './helm.ts'

const values = (name: string) => valueSets.find((set) => set.name === name)?.file ?? ''
const minimal = ['--values', values('minimal')]
const postgres = ['--values', values('postgres')]
const names = (rendered: string) => parseManifests(rendered).map(({ kind, metadata }) => `${kind} ${metadata.name}`)

describe('helm', () => {
  it.concurrent.for(valueSets)('finds nothing to mend with the values of $name', async ({ file }, { expect }) => {
    expect(await helm('lint', '--strict', chartFolder, '--values', file)).toMatchObject({ status: 0 })
  })

  it('finds nothing to mend in the chart itself', async () => {
    expect(await helm('lint', '--strict', chartFolder)).toMatchObject({ status: 0 })
  })

  it.concurrent.for([
    [['--set', 'replicaCount=2'], "/replicaCount': value must be '1, for this store belongs to one process"],
    [['--set', 'replicas=2'], "additional properties 'replicas' not allowed"],
    [['--set-string', 'replicaCount=2'], "'/replicaCount': got string, want integer"],
    [['--set', 'config.targets.hook.urll=x'], "'/config/targets/hook': additional properties 'urll' not allowed"],
    [['--set', 'config.targets.hook.type=pigeon'], "'/config/targets/hook/type': value must be one of 'batch'"],
    [['--set', 'config.sources.datahub.token=MDAx'], "'/config/sources/datahub/token': got string, want object"],
    [['--set', 'config.triggers.videos.completion.stableFor=20'], "stableFor': got number, want string"],
    [['--set', 'config.store.type=postgres'], "missing property 'url'"],
    [['--set', 'image.digest=latest'], "'/image/digest': 'latest' does not match pattern"],
  ] as const)('refuses %j by the schema', async ([args, said], { expect }) => {
    expect(await refusal(...minimal, ...args)).toContain(said)
  })

  it.concurrent.for([
    [['--set', 'config.triggers=null'], 'config.triggers is empty, so nothing would be watched'],
    [['--set', 'config.store.type=sqlite,config.store.path=/data/a.db'], 'it must be below /var/lib/onetrigger'],
    [['--set', 'config.http.listen=127.0.0.1:8080'], 'which only the pod itself can reach'],
    [['--set', 'replicaCount=2', '--skip-schema-validation'], 'use a store of type postgres, which replicas share'],
    [
      ['--set', 'replicaCount=2,config.store.type=memory', '--skip-schema-validation'],
      'config.store.type is memory, which belongs to one process',
    ],
  ] as const)('refuses %j by the templates', async ([args, said], { expect }) => {
    expect(await refusal(...minimal, ...args)).toContain(said)
  })

  it('refuses a cluster that is too old', async () => {
    expect(await refusal(...minimal, '--kube-version', '1.26.0')).toContain('chart requires kubeVersion')
  })

  it('always says how replicas are replaced, for defaults of the API server would stay behind', async () => {
    const rendered = await render('ot', ...postgres, '--set', 'rollingUpdate=null')
    const deployment = parseManifests(rendered).find(({ kind }) => kind === 'Deployment')

    expect(deployment?.spec).toMatchObject({ strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } })
  })

  it('renders numbers as OneTrigger reads them', async () => {
    const file = join(tempDir(), 'numbers.yaml')
    const config = { exitAfterFailures: 12_345_678, targets: { hook: { rate: 99_999.5, concurrency: 1_000 } } }
    writeFileSync(file, stringify({ config }))

    const rendered = parseManifests(await render('ot', ...minimal, '--values', file))

    const map = rendered.find(({ metadata }) => metadata.name === 'ot-onetrigger-config')
    expect(parse(String(Object(map?.data)['onetrigger.yaml']))).toMatchObject(config)
  })
})

describe('names', () => {
  const everything = ['--set', 'grafanaDashboard.enabled=true,networkPolicy.enabled=true', ...postgres]

  it.each([
    ['a release with the longest name', 'r'.repeat(53), []],
    ['the longest name of its own', 'ot', ['--set', `fullnameOverride=${'f'.repeat(63)}`]],
    ['a name that would be cut at a hyphen', `${'r'.repeat(51)}-x`, []],
  ])('are short enough and differ: %s', async (_what, release, args) => {
    const manifests = parseManifests(await render(release, ...everything, ...args))
    const labels = manifests.flatMap(({ metadata }) => Object.values(metadata.labels))

    expect(manifests.length).toBeGreaterThan(7)
    for (const { metadata } of manifests) expect(metadata.name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
    for (const label of labels) expect(label).toMatch(/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/)
    expect(new Set(names(manifests.map((each) => stringify(each)).join('---\n'))).size).toBe(manifests.length)
  })

  it('are not doubled where the release is called as the chart', async () => {
    expect(names(await render('onetrigger', ...minimal))).toContain('Deployment onetrigger')
  })
})

describe('a package of the chart', () => {
  it('is whole: it renders what the folder renders', async () => {
    const folder = tempDir()
    expect(await helm('package', chartFolder, '--destination', folder)).toMatchObject({ status: 0 })
    const [archive = ''] = readdirSync(folder)

    expect(archive).toBe(`onetrigger-${chartVersion}.tgz`)
    const monitoring = valueSets.find(({ name }) => name === 'monitoring')
    const args = ['--values', monitoring?.file ?? '', ...(monitoring?.args ?? [])]
    expect(await templateOf(join(folder, archive), 'ot', ...args)).toBe(await render('ot', ...args))
  })

  it('works as a part of another chart, under another name', async () => {
    const parent = tempDir()
    writeFileSync(
      join(parent, 'Chart.yaml'),
      stringify({
        apiVersion: 'v2',
        name: 'parent',
        version: '1.0.0',
        dependencies: [{ name: 'onetrigger', alias: 'bridge', version: chartVersion, condition: 'bridge.enabled' }],
      }),
    )
    const own: unknown = parse(readFileSync(values('minimal'), 'utf8'))
    writeFileSync(
      join(parent, 'values.yaml'),
      stringify({ global: { a: 1 }, bridge: { enabled: true, ...Object(own) } }),
    )
    mkdirSync(join(parent, 'charts'))
    cpSync(chartFolder, join(parent, 'charts', 'onetrigger'), { recursive: true })

    expect(names(await templateOf(parent, 'ot'))).toContain('Deployment ot-bridge')
    expect((await templateOf(parent, 'ot', '--set', 'bridge.enabled=false')).trim()).toBe('')
  })
})

describe('the notes', () => {
  /** What NOTES.txt says: as a template of a copy, for helm shows it only where it installs. */
  async function notes(...args: readonly string[]): Promise<string> {
    const copy = tempDir()
    cpSync(chartFolder, copy, { recursive: true })
    const text = readFileSync(join(copy, 'templates', 'NOTES.txt'), 'utf8')
    writeFileSync(
      join(copy, 'templates', 'notes.yaml'),
      `{{ define "notes" }}${text}{{ end }}notes: {{ include "notes" . | toJson }}`,
    )
    rmSync(join(copy, 'templates', 'NOTES.txt'))
    const rendered = await templateOf(copy, 'ot', '--show-only', 'templates/notes.yaml', ...args)
    return String(Object(parse(rendered)).notes)
  }

  it('tell what to do next', async () => {
    const text = await notes(...minimal)

    expect(text).toContain('OneTrigger')
    expect(text).toContain('watches 1 trigger(s): videos.')
    expect(text).toContain('kubectl -n bridges rollout status deploy/ot-onetrigger')
    expect(text).toContain('helm -n bridges test ot --logs')
    expect(text).toContain('State is on the claim ot-onetrigger, which outlives `helm uninstall`')
    expect(text).not.toContain('WARNING')
  })

  it.each([
    ['no-volume', 'WARNING: persistence.enabled is false'],
    ['volume', '`helm uninstall` deletes'],
    ['memory', 'WARNING: config.store.type is memory'],
    ['network-policy', 'the database must be among that'],
    ['monitoring-without-operator', 'this cluster has no ServiceMonitor'],
    ['monitoring-without-operator', 'this cluster has no PrometheusRule'],
  ])('say of %s: %s', async (set, said) => {
    expect(await notes('--values', values(set))).toContain(said)
  })
})

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { loadConfig } from '../../src/config/load.ts'
import { root } from '../architecture/repository.ts'
import { tempDir } from '../support/temp-dir.ts'
import { apiProblems, unknownFields } from './api-schemas.ts'
import { goldens, type Manifest, parseManifests } from './manifests.ts'
import { podSpecOf, securityProblems } from './pod-security.ts'

const container = z.object({
  env: z.array(z.object({ name: z.string(), value: z.string() })),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
})

function example(name: string): Manifest {
  const [manifest] = parseManifests(readFileSync(join(root, 'examples', 'knative', name), 'utf8'))
  if (manifest === undefined) throw new Error(`${name} holds no object`)
  return manifest
}

/** The pod that Knative makes of a ContainerSource. */
function podOf(source: Manifest): Manifest {
  const { template } = z.object({ template: z.object({ spec: z.looseObject({}) }) }).parse(source.spec)
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: {}, annotations: {} }, spec: template.spec }
}

describe('examples/knative', () => {
  it.each(['container-source.yaml', 'sink-binding.yaml'])('%s is in order', async (name) => {
    expect(await apiProblems(example(name))).toEqual([])
  })

  it('the pods of the ContainerSource are in order and meet the restricted standard', async () => {
    const pod = podOf(example('container-source.yaml'))
    const spec = podSpecOf(pod)

    expect(await apiProblems(pod)).toEqual([])
    expect(unknownFields([pod])).toBe('')
    expect(spec === null ? null : securityProblems(spec)).toEqual([])
  })

  it('the environment of the ContainerSource is all that OneTrigger needs beside the sink', () => {
    const { containers } = z
      .object({ containers: z.array(container).length(1) })
      .parse(podOf(example('container-source.yaml')).spec)
    const token = join(tempDir(), 'token')
    writeFileSync(token, 'MDAx')
    const env = Object.fromEntries(containers.flatMap((each) => each.env.map(({ name, value }) => [name, value])))

    const config = loadConfig({
      flags: {},
      env: {
        ...env,
        ONEDATA_ACCESS_TOKEN_FILE: undefined,
        ONEDATA_ACCESS_TOKEN: token,
        K_SINK: 'http://broker/default',
      },
      readFile: () => '',
      home: '/',
      isTerminal: false,
    })

    expect(env.ONEDATA_ACCESS_TOKEN_FILE).toMatch(/^\/run\/secrets\/onetrigger\//)
    expect(config.triggers).toMatchObject([{ space: 'my-onedata-space', folder: 'incoming', deliver: ['webhook'] }])
    expect(config.store).toEqual({ type: 'sqlite', path: '/var/lib/onetrigger/onetrigger.db' })
    expect(config.targets.get('webhook')?.options).toMatchObject({ url: { env: 'K_SINK' }, policy: 'knative' })
  })

  it('the SinkBinding is for a release called onetrigger, with a target that the sink is', () => {
    const { subject } = z
      .object({ subject: z.object({ kind: z.string(), name: z.string() }) })
      .parse(example('sink-binding.yaml').spec)
    const text = readFileSync(join(root, 'examples', 'knative', 'sink-binding.yaml'), 'utf8')
    const shown: unknown = parse(/^#\s+sink: (.*)$/m.exec(text)?.[1] ?? '')
    const map = goldens.get('knative')?.find(({ metadata }) => metadata.name.endsWith('-config'))
    const rendered: unknown = parse(z.object({ 'onetrigger.yaml': z.string() }).parse(map?.data)['onetrigger.yaml'])

    expect(subject).toEqual({ kind: 'Deployment', name: 'onetrigger' })
    expect(rendered).toMatchObject({ targets: { sink: shown } })
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { settings } from '../../src/config/settings.ts'

const folder = join(import.meta.dirname, '..', '..', 'deploy')
const text = readFileSync(join(folder, 'compose.yaml'), 'utf8')
const example = parseEnv(readFileSync(join(folder, 'compose/try.env'), 'utf8'))

const serviceSchema = z.strictObject({
  image: z.string(),
  profiles: z.array(z.enum(['monitoring', 'try'])).optional(),
  restart: z.literal('unless-stopped'),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  secrets: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  stop_grace_period: z.string().optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  healthcheck: z.object({ disable: z.literal(true) }).optional(),
})
const { services, secrets, volumes } = z
  .object({
    services: z.record(z.string(), serviceSchema),
    secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
    volumes: z.record(z.string(), z.strictObject({ name: z.string() }).nullable()),
  })
  .parse(parse(text, { merge: true }))
const each = Object.entries(services)

describe('the compose file', () => {
  it('starts OneTrigger alone where no profile is asked for', () => {
    expect(each.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name)).toEqual(['onetrigger'])
  })

  it('mounts only files and volumes that are there', () => {
    const sources = each.flatMap(([, service]) => service.volumes.map((volume) => volume.split(':')[0] ?? ''))

    const missing = sources.filter((source) =>
      source.startsWith('.') ? !existsSync(join(folder, source)) : !(source in volumes),
    )

    expect(sources).toContain('./prometheus')
    expect(missing).toEqual([])
  })

  it('gives OneTrigger only variables that it knows', () => {
    const known = new Set(settings.flatMap(({ env, envFile }) => [env, envFile]))

    const unknown = Object.keys(services.onetrigger?.environment ?? {}).filter((name) => !known.has(name))

    expect(unknown).toEqual([])
  })

  it('hands on every variable but those of what the file itself decides', () => {
    const given = Object.keys(services.onetrigger?.environment ?? {})

    const missing = settings.filter(({ env, envFile }) => !given.includes(env) && !given.includes(envFile ?? ''))

    expect(missing.map(({ env }) => env)).toEqual(['ONETRIGGER_CA', 'ONETRIGGER_STORE', 'ONETRIGGER_LISTEN'])
  })

  it('gives secrets as files only, and each that is used is declared', () => {
    const used = each.flatMap(([, service]) => service.secrets)
    const named = each
      .flatMap(([, { environment }]) => Object.entries(environment))
      .filter(([name]) => /TOKEN|PASS/.test(name))

    expect(used.toSorted()).toEqual(Object.keys(secrets).toSorted())
    expect(named.filter(([name, value]) => !name.endsWith('_FILE') || !value.startsWith('/run/secrets/'))).toEqual([])
  })

  it('opens its ports to this machine only', () => {
    const ports = each.flatMap(([, service]) => service.ports)

    expect(ports.length).toBe(3)
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })

  it('locks up what is ours', () => {
    for (const name of ['onetrigger', 'simulator', 'receiver']) {
      expect(services[name]).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      })
    }
  })

  it('keeps the database in a volume that is found again, and never tries things on it', () => {
    expect(volumes.state).toEqual({ name: `\${ONETRIGGER_VOLUME:-onetrigger}` })
    expect(example.ONETRIGGER_VOLUME).toBe('onetrigger-try')
  })

  it('asks for settings by names that the example knows, or that have a default', () => {
    const asked = [...text.matchAll(/\$\{(\w+)(:-[^}]*)?\}/g)].map(([, name = '', otherwise]) => ({ name, otherwise }))

    expect(asked.filter(({ otherwise }) => otherwise === undefined)).toEqual([])
    expect(Object.keys(example).filter((name) => !asked.some((one) => one.name === name))).toEqual([])
  })

  it('is scraped where Prometheus looks for it', () => {
    const prometheus = readFileSync(join(folder, 'prometheus/prometheus.yml'), 'utf8')

    expect(prometheus).toContain("'onetrigger:8080'")
    expect(services.onetrigger?.ports).toEqual([expect.stringMatching(/:8080$/)])
  })
})

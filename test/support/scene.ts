import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { completeEventId, deliveryId } from '../../src/core/ids.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createFederation, type Federation } from '../../src/simulator/create-federation.ts'
import type { SpaceModel } from '../../src/simulator/model/space-model.ts'
import type { ProviderVersion } from '../../src/simulator/simulator.ts'
import { type OneTriggerProcess, runOneTrigger, said } from './onetrigger.ts'
import { quickDelays, seededRandom } from './simulator.ts'
import { tempDir } from './temp-dir.ts'
import { waitFor } from './wait-for.ts'

/** What `/readyz` answers. */
export interface Readiness {
  readonly status: number
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>
}

/** A folder with `onetrigger.yaml` and a token file, and processes that run on them: whatever a test breaks, it breaks here. */
export interface Scene {
  readonly folder: string
  readonly store: string
  /** Writes the configuration; what a test does not name is filled in. */
  configure(parts: SceneConfig): void
  writeToken(token: string): void
  /** `onetrigger run --config …`, with health on a free port; `before` are words before it on the command line. */
  start(before?: readonly string[]): OneTriggerProcess
  readyz(process: OneTriggerProcess): Promise<Readiness>
}

/** Pieces of `onetrigger.yaml`, as they are written there. */
export interface SceneConfig {
  /** `host` or `zone`, and what else is to be said. */
  readonly source: Readonly<Record<string, unknown>>
  readonly triggers: Readonly<Record<string, unknown>>
  readonly targets: Readonly<Record<string, unknown>>
  /** Path of the database, or another kind of store; the scene's own database by default. */
  readonly store?: string | Readonly<Record<string, unknown>>
}

/** An empty scene that is gone when the running test has finished. */
export function aScene(): Scene {
  const folder = tempDir()
  const config = join(folder, 'onetrigger.yaml')
  const token = join(folder, 'token')
  const store = join(folder, 'onetrigger.db')
  return {
    folder,
    store,
    configure: ({ source, triggers, targets, store: kept = store }) => {
      const onedata = { type: 'onedata', token: { file: token }, pollInterval: '300ms', ...source }
      const whole = {
        sources: { onedata },
        triggers,
        targets,
        store: typeof kept === 'string' ? { type: 'sqlite', path: kept } : kept,
      }
      // JSON is YAML.
      writeFileSync(config, JSON.stringify(whole))
    },
    writeToken: (text) => writeFileSync(token, text),
    start: (before = []) => runOneTrigger(['run', '--config', config, '--listen', '127.0.0.1:0'], {}, before),
    readyz: async (process) => {
      const { url }: { url: string } = JSON.parse(await said(process, 'health and metrics are served'))
      const response = await fetch(`${url}/readyz`).catch((cause: unknown) => {
        throw new Error(`/readyz does not answer:\n${process.stderr.join('\n')}`, { cause })
      })
      // Our own answer, whose form test/http holds.
      const body = (await response.json()) as Pick<Readiness, 'parts'>
      return { status: response.status, parts: body.parts }
    },
  }
}

/** One trigger on the folder `in` of the space, quick to believe in files. */
export function aTrigger(deliver: string, overrides: Readonly<Record<string, unknown>> = {}) {
  const completion = { stableFor: '500ms' }
  return { watch: { source: 'onedata', space: 'Gamma', folder: 'in' }, completion, deliver: [deliver], ...overrides }
}

/** A webhook that is tried again soon. */
export function aWebhook(url: string) {
  return { type: 'webhook', url, retry: { delays: ['100ms'] } }
}

/** Waits until `/readyz` answers so, and gives the answer. */
export function readyIs(scene: Scene, process: OneTriggerProcess, status: number): Promise<Readiness> {
  return waitFor(
    `/readyz answers ${status}`,
    async () => {
      const readiness = await scene.readyz(process)
      return readiness.status === status && readiness
    },
    20_000,
  )
}

/** The delivery's id that a file must have, computed anew from what the provider holds. */
export function idOf(
  model: SpaceModel,
  path: string,
  names: { readonly spaceId: string; readonly trigger: string; readonly target: string },
): string {
  const stat = model.stat(path)
  if (stat === null) throw new Error(`${path} does not exist`)
  const { trigger, spaceId, target } = names
  const { fileId, size, mtime } = stat
  return deliveryId(completeEventId({ trigger, spaceId, fileId, size, mtime }), target)
}

/** A zone with one provider of the space "Gamma" per version, everything visible within milliseconds; gone when the test has finished. */
export async function aFederation(...versions: readonly ProviderVersion[]): Promise<Federation> {
  const federation = await createFederation({
    port: 0,
    tls: false,
    spaceName: 'Gamma',
    clock: createSystemClock(),
    random: seededRandom(1),
    log: silentLog,
    providers: versions.map((version, index) => ({ name: `provider-${index}`, version, delays: quickDelays })),
  })
  onTestFinished(() => federation.close())
  return federation
}

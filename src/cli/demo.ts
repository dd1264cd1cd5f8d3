import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBridge } from '../app/bridge.ts'
import { Closers } from '../app/closers.ts'
import type { Config } from '../config/config.ts'
import { defaultIgnore } from '../core/matching.ts'
import { defaultRetry } from '../core/retry.ts'
import type { DeliveryProgress } from '../delivery/dispatcher.ts'
import { startHttp } from '../http/server.ts'
import { type Clock, createSystemClock, sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { fixedSecret } from '../lib/secret.ts'
import { createMetrics } from '../observability/metrics.ts'
import { packageVersion } from '../observability/package-version.ts'
import type { Progress } from '../pipeline/pipeline.ts'
import { createSimulator, type Simulator } from '../simulator/create-simulator.ts'
import type { Oracle } from '../simulator/scenarios/scenario.ts'
import { findScenario } from '../simulator/scenarios/scenarios.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import { type DemoReceiver, startDemoReceiver } from './demo-receiver.ts'
import { judge, type Verdict } from './demo-verdict.ts'
import { DemoView } from './demo-view.ts'

export interface DemoOptions {
  /** End by itself when the scenario is through. */
  readonly once: boolean
}

export interface DemoIo {
  readonly print: (line: string) => void
  readonly log: Log
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal
}

const folder = 'in'
const trigger = 'default'
const target = 'webhook'
/** Shorter than in earnest, and so are the provider's delays: a minute shows everything. */
const stableForMs = 5_000
const delays = { sizeFlushMs: 1_000, timesFlushMs: 1_000, pollMs: 200 }
const settleMs = stableForMs + 4_000
/** After the last upload: everything has had its quiet period, its reads and its delivery. */
const longestWaitMs = 4 * stableForMs
const scenarioFiles = 24

/**
 * The main job on embedded defaults: a pretend provider, OneTrigger with SQLite in a temporary folder, and a receiver. Resolves with 0 when every
 * finished file version was delivered exactly once and nothing else was; with 1 otherwise.
 */
export async function demo({ once }: DemoOptions, io: DemoIo): Promise<number> {
  const clock = createSystemClock()
  const closers = new Closers()
  try {
    const stage = await build(clock, closers, io)
    return await play(stage, once, io)
  } finally {
    await closers.close()
  }
}

interface DemoStage {
  readonly clock: Clock
  readonly simulator: Simulator
  readonly receiver: DemoReceiver
  readonly view: DemoView
  readonly health: () => boolean
  /** Ends the bridge; it gives its failure, if it had one. */
  readonly stop: () => Promise<void>
}

async function build(clock: Clock, closers: Closers, io: DemoIo): Promise<DemoStage> {
  const directory = mkdtempSync(join(tmpdir(), 'onetrigger-demo-'))
  closers.add({ close: () => rmSync(directory, { recursive: true, force: true }) })
  const simulator = closers.add(
    await createSimulator({
      version: '25.0',
      port: 0,
      tls: false,
      spaceName: 'demo',
      clock,
      random: Math.random,
      log: io.log,
      delays,
    }),
  )
  simulator.model.mkdir(folder)
  const receiver = closers.add(await startDemoReceiver(() => clock.now()))
  const store = closers.add(await openSqliteStore({ path: join(directory, 'onetrigger.db'), clock }))
  const metrics = createMetrics({ store, clock, version: packageVersion() })
  const view = new DemoView(
    { isTTY: process.stdout.isTTY === true, write: (text) => process.stdout.write(text) },
    clock.now(),
  )
  const bridge = createBridge(configOf(simulator, receiver), {
    store,
    clock,
    random: Math.random,
    log: io.log,
    secret: () => fixedSecret(simulator.token),
    meters: metrics.meters,
    onProgress: (progress) => showProgress(view, progress, clock.now()),
    onDelivery: (progress) => showDelivery(view, progress, clock.now()),
  })
  const http = { listen: { host: '127.0.0.1', port: 0 }, health: () => bridge.health(), metrics: () => metrics.text() }
  const server = closers.add(await startHttp({ ...http, log: io.log }))
  io.print(`A pretend Oneprovider (25.0) listens on ${simulator.url}, a webhook receiver on ${receiver.url},`)
  io.print(
    `OneTrigger watches demo/${folder} and serves ${server.url}/readyz and /metrics. A file counts as complete after ${stableForMs / 1_000} s of quiet.\n`,
  )
  const stopping = new AbortController()
  const running = bridge.run(stopping.signal, AbortSignal.timeout(2_147_483_647))
  running.catch(() => {})
  const stop = async () => {
    stopping.abort()
    await running
  }
  closers.add({ close: stop })
  return { clock, simulator, receiver, view, health: () => bridge.health().ready, stop }
}

function configOf(simulator: Simulator, receiver: DemoReceiver): Config {
  const options = { host: simulator.url, token: { env: 'UNUSED' }, limits: { concurrency: 4, perSecond: 100 } }
  return {
    sources: new Map([['onedata', { type: 'onedata', options }]]),
    triggers: [
      {
        name: trigger,
        source: 'onedata',
        space: 'demo',
        folder,
        include: [],
        exclude: [],
        completion: {
          stableForMs,
          stalledAfterMs: 900_000,
          marker: null,
          xattr: null,
          declaredSize: null,
          checksum: null,
          ignore: defaultIgnore,
          holes: 'veto',
          vetoForMs: 3_600_000,
          cdmi: false,
          emptyFiles: 'hold',
        },
        revisions: 'each',
        existing: { kind: 'ignore' },
        deliver: [target],
        deliverStalled: [],
      },
    ],
    targets: new Map([
      [
        target,
        { type: 'webhook', options: { url: receiver.url }, concurrency: 8, timeoutMs: 10_000, retry: defaultRetry },
      ],
    ]),
    renamedFrom: new Map(),
    store: { type: 'memory' },
    listen: null,
    log: { level: 'warn', format: 'json' },
    exitAfterFailures: null,
  }
}

function showProgress(view: DemoView, { state, event }: Progress, now: number): void {
  if (state.evidence?.rung === 'baseline') return
  const detail =
    event === undefined ? '' : `${event.evidence.because} (${(event.evidence.quietMs / 1_000).toFixed(1)} s)`
  view.step({ path: state.path ?? state.fileId, phase: state.phase, size: state.facts.size ?? null, detail }, now)
}

function showDelivery(view: DemoView, { delivery, outcome }: DeliveryProgress, now: number): void {
  const phase = outcome.kind === 'delivered' ? 'delivered' : 'waiting'
  const detail = outcome.kind === 'delivered' ? delivery.id.slice(0, 20) : outcome.reason
  view.step({ path: delivery.event.path, phase, size: null, detail }, now)
}

async function play(stage: DemoStage, once: boolean, io: DemoIo): Promise<number> {
  const { clock, simulator, view } = stage
  try {
    while (!stage.health()) await sleep(clock, 50, io.signal)
    const scenario = findScenario('demo')
    if (scenario === null) throw new Error('the demo scenario is missing')
    const { model, faults } = simulator
    const oracle = await scenario.run({
      model,
      faults,
      clock,
      random: Math.random,
      folder,
      timeScale: 1,
      settleMs,
      files: scenarioFiles,
      signal: io.signal,
    })
    const verdict = await waitForVerdict(stage, oracle, io.signal)
    view.end()
    io.print(summary(oracle, verdict))
    const isGood = verdict.lost.length + verdict.early.length + verdict.doubled.length === 0
    if (!once) await stayOpen(stage, io)
    return isGood ? 0 : 1
  } catch (error) {
    if (!io.signal.aborted) throw error
    return 0
  } finally {
    view.end()
  }
}

/** Waits until everything has come, and a while longer for what must not come. */
async function waitForVerdict(
  { clock, simulator, receiver, view }: DemoStage,
  oracle: Oracle,
  signal: AbortSignal,
): Promise<Verdict> {
  const names = { trigger, spaceId: simulator.space.id, target }
  const deadline = clock.now() + longestWaitMs
  while (clock.now() < deadline) {
    if (judge(oracle.finished, receiver.received, names).lost.length === 0) break
    view.progress(clock.now())
    await sleep(clock, 100, signal)
  }
  await sleep(clock, stableForMs, signal)
  return judge(oracle.finished, receiver.received, names)
}

function summary({ finished, never }: Oracle, { delivered, lost, early, doubled }: Verdict): string {
  const list = (label: string, paths: readonly string[]) =>
    paths.length === 0 ? [] : [`  ${label}: ${paths.join(', ')}`]
  return [
    `\n${finished.length} file versions finished, ${never.length} never did; ${delivered} delivered, ${lost.length} lost, ${early.length} early, ${doubled.length} doubled.`,
    ...list('lost', lost),
    ...list('early', early),
    ...list('doubled', doubled),
  ].join('\n')
}

/** Lets people upload files of their own until they have seen enough. */
async function stayOpen({ simulator }: DemoStage, { print, signal }: DemoIo): Promise<void> {
  print('\nUpload a file of your own (Ctrl-C ends the demo):\n')
  print(
    `  curl -X PUT -H 'X-Auth-Token: ${simulator.token}' -H 'Content-Type: application/octet-stream' --data-binary @FILE \\`,
  )
  print(`    '${simulator.url}/api/v3/oneprovider/data/${simulator.space.id}/path/${folder}/FILE'\n`)
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

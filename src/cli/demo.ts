import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Closers } from '../app/closers.ts'
import { type DeliveryProgress, type Progress, startEmbedded } from '../app/embedded.ts'
import type { Config } from '../config/config.ts'
import { InvariantError } from '../core/errors.ts'
import { subjectOf } from '../core/event.ts'
import { defaultIgnore } from '../core/matching.ts'
import { defaultRetry } from '../core/retry.ts'
import { type Clock, createSystemClock, sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { fixedSecret } from '../lib/secret.ts'
import { createSimulator, type Simulator } from '../simulator/create-simulator.ts'
import type { Oracle } from '../simulator/scenarios/scenario.ts'
import { findScenario } from '../simulator/scenarios/scenarios.ts'
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
  readonly ready: () => boolean
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
  const view = new DemoView(
    { isTTY: process.stdout.isTTY === true, write: (text) => process.stdout.write(text) },
    clock.now(),
  )
  const bridge = closers.add(
    await startEmbedded(configOf(simulator, receiver, join(directory, 'onetrigger.db')), {
      clock,
      log: io.log,
      random: Math.random,
      secret: fixedSecret(simulator.token),
      onProgress: (progress) => showProgress(view, progress, clock.now()),
      onDelivery: (progress) => showDelivery(view, progress, clock.now()),
    }),
  )
  io.print(`A pretend Oneprovider (25.0) listens on ${simulator.url}, a webhook receiver on ${receiver.url},`)
  io.print(`OneTrigger watches demo/${folder} and serves ${bridge.url}/readyz and /metrics.`)
  io.print(`A file counts as complete after ${stableForMs / 1_000} s of quiet (20 s in earnest).\n`)
  return { clock, simulator, receiver, view, ready: () => bridge.ready() }
}

function configOf(simulator: Simulator, receiver: DemoReceiver, path: string): Config {
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
        {
          type: 'webhook',
          options: { url: receiver.url },
          concurrency: 8,
          timeoutMs: 10_000,
          retry: defaultRetry,
          perSecond: null,
          disableAfterMs: null,
        },
      ],
    ]),
    notices: { deliver: [], events: [] },
    egress: { deny: [] },
    renamedFrom: new Map(),
    store: { type: 'sqlite', path },
    listen: { host: '127.0.0.1', port: 0 },
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
  view.step({ path: subjectOf(delivery.event), phase, size: null, detail }, now)
}

async function play(stage: DemoStage, once: boolean, io: DemoIo): Promise<number> {
  const { clock, simulator, view } = stage
  try {
    while (!stage.ready()) await sleep(clock, 50, io.signal)
    const scenario = findScenario('demo')
    if (scenario === null) throw new InvariantError('the demo scenario is missing')
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

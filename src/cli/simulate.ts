import { ConfigError, UsageError } from '../core/errors.ts'
import { type Clock, createSystemClock, sleep } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createSimulator, type Simulator } from '../simulator/create-simulator.ts'
import type { Oracle, Scenario } from '../simulator/scenarios/scenario.ts'
import { findScenario, scenarios } from '../simulator/scenarios/scenarios.ts'
import { type ProviderVersion, providerVersions, type SimulatorOptions } from '../simulator/simulator.ts'

/** What `onetrigger simulate` can be told, as it stands on the command line. */
export interface SimulateOptions {
  /** One of `providerVersions`. */
  readonly providerVersion: string
  /** Address or name to listen on. */
  readonly host: string
  /** 0 = any free one. */
  readonly port: number
  readonly tls: boolean
  readonly space: string
  /** Made up where none is given. */
  readonly token?: string
  /** Name of a scenario, played once as soon as somebody watches. */
  readonly scenario?: string
  /** One line of JSON instead of help for people. */
  readonly json: boolean
}

/** Where it prints, and what ends it. */
export interface SimulateIo {
  readonly print: (line: string) => void
  readonly log: Log
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal
}

/** Where scenarios play, and where `run` is told to look. */
const folder = 'in'
/** How long a finished file is left alone: the default of `--stable-for` and a provider's delays. */
const settleMs = 45_000
const scenarioFiles = 200

/**
 * Runs a pretend Oneprovider until the signal aborts; 0 = it was told to end. Rejects with `UsageError` for a version or scenario that does not
 * exist, with `ConfigError` `LISTEN_FAILED` when the port is taken.
 */
export async function simulate(options: SimulateOptions, io: SimulateIo): Promise<number> {
  const version = readVersion(options.providerVersion)
  const scenario = options.scenario === undefined ? null : readScenario(options.scenario)
  const clock = createSystemClock()
  const simulator = await listen({
    version,
    host: options.host,
    port: options.port,
    tls: options.tls,
    spaceName: options.space,
    ...(options.token === undefined ? {} : { token: options.token }),
    clock,
    random: Math.random,
    log: io.log,
  })
  try {
    simulator.model.mkdir(folder)
    io.print(options.json ? asJson(simulator) : asHelp(simulator, scenario))
    if (scenario !== null) await playWhenWatched(scenario, simulator, clock, io, options.json)
    await aborted(io.signal)
    return 0
  } finally {
    await simulator.close()
  }
}

async function listen(options: SimulatorOptions): Promise<Simulator> {
  try {
    return await createSimulator(options)
  } catch (cause) {
    const message = `the simulator cannot listen on port ${options.port}; choose another one with --port (0 = any free one); --host must be an address of this machine`
    throw new ConfigError('LISTEN_FAILED', message, { cause })
  }
}

function readVersion(text: string): ProviderVersion {
  const version = providerVersions.find((candidate) => candidate === text)
  if (version !== undefined) return version
  throw new UsageError('USAGE', `--provider-version must be one of ${providerVersions.join(', ')}, it is "${text}"`)
}

function readScenario(name: string): Scenario {
  const scenario = findScenario(name)
  if (scenario !== null) return scenario
  const names = scenarios.map((candidate) => candidate.name).join(', ')
  throw new UsageError('USAGE', `there is no scenario "${name}"; there are ${names}`)
}

/** Files that arrive before somebody watches would count as known. Ends early when the signal aborts. */
async function playWhenWatched(
  scenario: Scenario,
  simulator: Simulator,
  clock: Clock,
  { print, log, signal }: SimulateIo,
  json: boolean,
): Promise<void> {
  try {
    while (!isWatched(simulator)) await sleep(clock, 200, signal)
    await sleep(clock, 2_000, signal)
    log.info({ scenario: scenario.name }, 'the scenario begins')
    const { model, faults } = simulator
    const stage = {
      model,
      faults,
      clock,
      random: Math.random,
      folder,
      timeScale: 1,
      settleMs,
      files: scenarioFiles,
      signal,
    }
    const { finished, never } = await scenario.run(stage)
    log.info({ finished: finished.length, never: never.length }, 'the scenario is through')
    if (!json) print(summary({ finished, never }))
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Somebody has opened a stream or listed a directory. */
function isWatched({ faults, requests }: Simulator): boolean {
  const listings = [...requests.counts.keys()].some((route) =>
    /^GET .*\/(?:children|files|files\/\{path\.\.\.\})$/.test(route),
  )
  return faults.openStreams > 0 || listings
}

function summary({ finished, never }: Oracle): string {
  return `The scenario is through: ${finished.length} finished file versions to be reported, ${never.length} files that must not be.`
}

function asJson({ url, host, token, space, caFile }: Simulator): string {
  return JSON.stringify({ url, host, token, space: space.name, spaceId: space.id, caFile })
}

function asHelp({ url, token, space, caFile, version }: Simulator, scenario: Scenario | null): string {
  const trust = caFile === null ? '' : `NODE_EXTRA_CA_CERTS=${caFile} `
  const upload = `curl ${caFile === null ? '' : `--cacert ${caFile} `}-H 'X-Auth-Token: ${token}' -T FILE ${url}/cdmi/${encodeURIComponent(space.name)}/${folder}/FILE`
  return [
    `Oneprovider ${version} simulated at ${url}, with the folder "${folder}" in space "${space.name}". Watch it from another terminal:`,
    '',
    `  ${trust}onetrigger run -H ${url} -t ${token} -s ${shellWord(space.name)} -f ${folder} -w http://127.0.0.1:9000/`,
    '',
    scenario === null ? 'Upload a file:' : `As soon as somebody watches: ${scenario.summary}. Upload a file yourself:`,
    '',
    `  ${upload}`,
    '',
    'Ctrl-C ends it.',
  ].join('\n')
}

function shellWord(text: string): string {
  return /^[\w.@%+=:,/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

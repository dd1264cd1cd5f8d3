import { createSystemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createSimulator, type Simulator } from '../simulator/create-simulator.ts'
import type { ProviderVersion } from '../simulator/simulator.ts'

/** What `onetrigger simulate` can be told. */
export interface SimulateOptions {
  readonly providerVersion: ProviderVersion
  /** 0 = any free one. */
  readonly port: number
  readonly tls: boolean
  readonly space: string
  /** Made up where none is given. */
  readonly token?: string
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

/** Runs a pretend Oneprovider until the signal aborts; 0 = it was told to end. Rejects when the port is taken. */
export async function simulate(options: SimulateOptions, io: SimulateIo): Promise<number> {
  const simulator = await createSimulator({
    version: options.providerVersion,
    port: options.port,
    tls: options.tls,
    spaceName: options.space,
    ...(options.token === undefined ? {} : { token: options.token }),
    clock: createSystemClock(),
    random: Math.random,
    log: io.log,
  })
  try {
    simulator.model.mkdir('in')
    io.print(options.json ? asJson(simulator) : asHelp(simulator))
    await aborted(io.signal)
    return 0
  } finally {
    await simulator.close()
  }
}

function asJson({ url, host, token, space, caFile }: Simulator): string {
  return JSON.stringify({ url, host, token, space: space.name, spaceId: space.id, caFile })
}

function asHelp({ url, token, space, caFile, version }: Simulator): string {
  const trust = caFile === null ? '' : ` --ca ${caFile}`
  return [
    `Oneprovider ${version} simulated at ${url}, space "${space.name}" with the folder "in". Watch it from another terminal:`,
    '',
    `  onetrigger run -H ${url} -t ${token} -s ${space.name} -f in -w http://127.0.0.1:9000/${trust}`,
    '',
    'It ends with Ctrl-C.',
  ].join('\n')
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

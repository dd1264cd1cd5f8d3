import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type DemoReceiver, startDemoReceiver } from '../../src/cli/demo-receiver.ts'
import { judge, type Verdict } from '../../src/cli/demo-verdict.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import type { Oracle } from '../../src/simulator/scenarios/scenario.ts'
import { findScenario } from '../../src/simulator/scenarios/scenarios.ts'
import type { ProviderVersion } from '../../src/simulator/simulator.ts'
import { type OneTriggerProcess, runOneTrigger } from './onetrigger.ts'
import { seededRandom, startSimulator } from './simulator.ts'
import { tempDir } from './temp-dir.ts'
import { waitFor } from './wait-for.ts'

export const worldClock = createSystemClock()

/** A simulator, a receiver, and `onetrigger run` between them as a child process. */
export interface World {
  readonly simulator: Simulator
  readonly receiver: DemoReceiver
  readonly store: string
  readonly process: OneTriggerProcess
  start(): OneTriggerProcess
  play(scenario: string, timeScale?: number, files?: number): Promise<Oracle>
  verdict(oracle: Oracle): Verdict
}

/** Starts all three; resolves when OneTrigger has done its first listing. */
export async function aWorld(options: {
  readonly version: ProviderVersion
  readonly tls?: boolean
  readonly args?: readonly string[]
}): Promise<World> {
  const simulator = await startSimulator({ version: options.version, tls: options.tls ?? false })
  simulator.model.mkdir('in')
  const receiver = await startDemoReceiver(() => worldClock.now())
  onTestFinished(() => receiver.close())
  const store = join(tempDir(), 'onetrigger.db')
  const args = [
    ...['run', '-H', options.tls ? simulator.host : simulator.url, '-s', 'Gamma', '-f', '/in/', '-w', receiver.url],
    ...['--store', store, '--stable-for', '1s', '--poll-interval', '300ms', ...(options.args ?? [])],
  ]
  const start = () => runOneTrigger(args, { ONEDATA_ACCESS_TOKEN: simulator.token })
  const process = start()
  await waitFor('the first listing is done', () => {
    if (process.child.exitCode !== null) throw new Error(process.stderr.join('\n'))
    return process.stderr.some((line) => line.includes('the first listing is done'))
  })
  return {
    simulator,
    receiver,
    store,
    process,
    start,
    play: async (name, timeScale = 0.2, files = 10) => {
      const { model, faults } = simulator
      const signal = new AbortController().signal
      const stage = {
        model,
        faults,
        clock: worldClock,
        random: seededRandom(1),
        folder: 'in',
        timeScale,
        settleMs: 3_000,
        files,
        signal,
      }
      const oracle = await findScenario(name)?.run(stage)
      if (oracle === undefined) throw new Error(`there is no scenario ${name}`)
      return oracle
    },
    verdict: (oracle) => {
      const names = { trigger: 'default', spaceId: simulator.space.id, target: 'webhook' }
      return judge(oracle.finished, receiver.received, names)
    },
  }
}

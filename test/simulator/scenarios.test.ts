import { describe, expect, it } from 'vitest'
import type { Oracle, Scenario } from '../../src/simulator/scenarios/scenario.ts'
import { findScenario, scenarios } from '../../src/simulator/scenarios/scenarios.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { seededRandom, startSimulator } from '../support/simulator.ts'

async function play(scenario: Scenario, options: { readonly timeScale?: number; readonly files?: number } = {}) {
  const clock = new FakeClock()
  const simulator = await startSimulator({ clock })
  const { model, faults } = simulator
  const started = clock.now()
  let oracle: Oracle | null = null
  const stage = {
    model,
    faults,
    clock,
    random: seededRandom(7),
    folder: 'in',
    timeScale: options.timeScale ?? 1,
    settleMs: 30_000,
    files: options.files ?? 20,
    signal: new AbortController().signal,
  }
  const done = scenario.run(stage).then((result) => {
    oracle = result
  })
  for (let minute = 0; minute < 10 && oracle === null; minute++) await clock.advance(60_000)
  await done
  if (oracle === null) throw new Error('it goes on for more than ten minutes')
  return { simulator, model, oracle: oracle as Oracle, started }
}

describe.each(scenarios)('the scenario $name', (scenario) => {
  it('ends, and its last versions are what lies in the folder', async () => {
    const { model, oracle } = await play(scenario)

    const last = new Map(oracle.finished.map((revision) => [revision.path, revision]))
    for (const [path, { fileId, size, mtime }] of last)
      expect(model.stat(path)).toMatchObject({ fileId, size, mtime, localRate: 1 })
    expect([...last.keys(), ...oracle.never.map(({ path }) => path)].toSorted()).toEqual(model.list('in').toSorted())
    expect(oracle.finished.length + oracle.never.length).toBeGreaterThan(0)
  })

  it('stops at once when it is told to', async () => {
    const simulator = await startSimulator({ clock: new FakeClock() })
    const { model, faults } = simulator
    const stop = new AbortController()
    const stage = {
      model,
      faults,
      clock: new FakeClock(),
      random: seededRandom(7),
      folder: 'in',
      timeScale: 1,
      settleMs: 1,
      files: 20,
    }
    const played = scenario.run({ ...stage, signal: stop.signal }).then(
      () => 'through',
      (reason) => reason,
    )

    stop.abort('stop')

    expect(await played).toBe('stop')
  })
})

describe('scenarios', () => {
  it('are found by name', () => {
    expect(findScenario('demo')?.name).toBe('demo')
    expect(findScenario('nonsense')).toBeNull()
  })

  it('play faster with a smaller scale', async () => {
    const slow = await play(scenarioNamed('slow-writer'))
    const quick = await play(scenarioNamed('slow-writer'), { timeScale: 0.1 })

    expect((slow.oracle.finished[0]?.finishedAt ?? 0) - slow.started).toBe(14_000)
    expect((quick.oracle.finished[0]?.finishedAt ?? 0) - quick.started).toBe(1_400)
  })

  it('make as many files as they are told', async () => {
    expect((await play(scenarioNamed('burst'), { files: 2_000 })).oracle.finished).toHaveLength(2_000)
  })

  it('tell both versions of an overwritten file, the second one under the same id', async () => {
    const { oracle } = await play(scenarioNamed('overwrite'))

    const [first, second] = oracle.finished
    expect(second?.fileId).toBe(first?.fileId)
    expect((second?.finishedAt ?? 0) - (first?.finishedAt ?? 0)).toBeGreaterThanOrEqual(30_000)
  })

  it('have the size of a file out of order long before its bytes', async () => {
    const clock = new FakeClock()
    const { model, faults } = await startSimulator({ clock })
    const stage = { model, faults, clock, random: seededRandom(7), folder: '', timeScale: 1, settleMs: 1, files: 1 }
    const played = scenarioNamed('out-of-order').run({ ...stage, signal: new AbortController().signal })
    await clock.advance(1_000)

    const early = model.stat('scan-3d.tiff')
    await clock.advance(60_000)
    await played

    expect(early?.localRate).toBeLessThan(0.2)
    expect(model.stat('scan-3d.tiff')).toMatchObject({ size: early?.size, localRate: 1 })
  })
})

function scenarioNamed(name: string): Scenario {
  const scenario = findScenario(name)
  if (scenario === null) throw new Error(`there is no scenario ${name}`)
  return scenario
}

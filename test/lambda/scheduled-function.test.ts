import { describe, expect, it, vi } from 'vitest'
import { waitFor } from '../support/wait-for.ts'
import { LambdaWorld } from './lambda-world.ts'

// A run takes a second of real time, and most tests make several.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const minuteMs = 60_000

describe('a scheduled function', () => {
  it('fires once for an upload that spans many runs, and not before it has been still for long enough', async () => {
    const world = await LambdaWorld.start({ provider: { delays: { sizeFlushMs: 0, timesFlushMs: 0 } } })
    const { model } = world.simulator
    const run = world.coldFunction()
    await world.run(run)

    for (let step = 1; step <= 5; step++) {
      world.pass(minuteMs)
      if (step === 1) model.create('in/a.mp4', 100)
      else model.write('in/a.mp4', 100 * step)
      model.sync('in/a.mp4')
      const summary = await world.run(run)
      expect(summary).toMatchObject({ ok: true, ended: 'quiet', complete: 0, pending: 1 })
    }
    world.pass(2_000)
    expect(await world.run(run)).toMatchObject({ complete: 0, pending: 1 })
    world.pass(minuteMs)
    const last = await world.run(run)
    world.pass(minuteMs)
    await world.run(run)

    expect(last).toMatchObject({ complete: 1, delivered: 1, pending: 0 })
    expect(world.receiver.keys()).toEqual(['/Gamma/in/a.mp4'])
  })

  it('goes on where another process left off', async () => {
    const world = await LambdaWorld.start()
    await world.run(world.coldFunction())
    world.simulator.model.create('in/a.mp4', 'x')
    world.pass(minuteMs)
    await world.run(world.coldFunction())
    world.pass(minuteMs)

    const summary = await world.run(world.coldFunction())

    expect(summary).toMatchObject({ complete: 1, delivered: 1 })
  })

  it.each([true, false])(
    'finds a folder that was deleted and made anew (stream of changes: %s)',
    async (changesStream) => {
      const world = await LambdaWorld.start()
      const { model, tokens, token } = world.simulator
      tokens.regrant(token, { changesStream })
      const run = world.coldFunction()
      await world.run(run)
      const old = model.stat('in')?.fileId ?? ''
      model.remove('in')
      model.mkdir('in')
      model.create('in/a.mp4', 'x')
      // Until then the old one can be listed: it lies in the trash, and has nothing in it.
      await waitFor('the old folder is gone', () => model.pathOf(old) === null)

      for (let runs = 0; runs < 2; runs++) {
        world.pass(minuteMs)
        await world.run(run)
      }

      expect(world.receiver.keys()).toEqual(['/Gamma/in/a.mp4'])
    },
  )

  it('answers with what it did, and says so in one line of the log', async () => {
    const world = await LambdaWorld.start()

    const summary = await world.run(world.coldFunction())

    expect(summary).toMatchObject({ ok: true, dead: 0, parts: { 'target 1': 'delivering' } })
    const lines = world.lines.map((line): unknown => JSON.parse(line))
    expect(lines.at(-1)).toMatchObject({ ...summary, level: 'info', msg: 'the run is over' })
  })

  it('fails where the provider does not answer, and delivers what is owed all the same', async () => {
    const world = await LambdaWorld.start()
    const run = world.coldFunction()
    await world.run(run)
    world.simulator.model.create('in/a.mp4', 'x')
    world.receiver.answer = 503
    for (let runs = 0; runs < 2; runs++) {
      world.pass(minuteMs)
      await world.run(run)
    }
    expect(world.receiver.attempts).toBeGreaterThan(0)
    await world.simulator.close()
    world.receiver.answer = 204
    world.pass(minuteMs)

    await expect(world.run(run, 5_000)).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      details: { ok: false, delivered: 1 },
    })
    const last: unknown = JSON.parse(world.lines.at(-1) ?? '')
    expect(last).toMatchObject({ level: 'error', code: 'SOURCE_UNREACHABLE', delivered: 1, dead: 0 })
  })

  it('ends in time where a target does not answer, and owes the delivery to the next run', async () => {
    const world = await LambdaWorld.start()
    const run = world.coldFunction()
    await world.run(run)
    world.simulator.model.create('in/a.mp4', 'x')
    world.pass(minuteMs)
    await world.run(run)
    world.receiver.hangs = true
    world.pass(minuteMs)

    const cut = await world.run(run, 4_000)
    world.receiver.hangs = false
    world.pass(minuteMs)
    const next = await world.run(run)

    expect(cut).toMatchObject({ ended: 'deadline', complete: 1, delivered: 0 })
    expect(cut.ms).toBeLessThan(4_000)
    expect(next).toMatchObject({ delivered: 1 })
  })
})

describe('two runs at once', () => {
  it('the second does nothing while the first is at work, and works again afterwards', async () => {
    const world = await LambdaWorld.start()
    const [first, second] = [world.coldFunction(), world.coldFunction()]
    const slow = world.run(first)
    await waitFor('the first is at work', () => world.simulator.requests.total > 0)

    const overlapping = await world.run(second)

    expect(overlapping).toMatchObject({ ok: true, ended: 'another run', providerCalls: 0 })
    expect(await slow).toMatchObject({ ended: 'quiet' })
    world.pass(minuteMs)
    expect(await world.run(second)).toMatchObject({ ended: 'quiet' })
  })
})

import { describe, expect, it } from 'vitest'
import { type Engine, giveMemoryBack, thriftyEngine } from '../../src/app/memory-thrift.ts'
import { FakeClock } from '../support/fake-clock.ts'

class FakeEngine implements Engine {
  micros = 0
  heap = 100_000_000
  given = 0

  cpuMicros() {
    return this.micros
  }

  heapBytes() {
    return this.heap
  }

  giveBack() {
    this.given += 1
    this.heap = 30_000_000
  }
}

describe('giving memory back', () => {
  function started() {
    const clock = new FakeClock()
    const engine = new FakeEngine()
    const stop = new AbortController()
    const running = giveMemoryBack(engine, clock, stop.signal)
    return { clock, engine, stop, running }
  }

  it('waits for a rest, and does it once', async () => {
    const { clock, engine, stop, running } = started()

    for (let look = 0; look < 3; look++) {
      engine.micros += 1_000_000
      await clock.advance(5_000)
    }
    const whileBusy = engine.given
    await clock.advance(60_000)

    expect(whileBusy).toBe(0)
    expect(engine.given).toBe(1)
    stop.abort()
    await running
  })

  it('does it again after the heap has grown again, and not for a little', async () => {
    const { clock, engine, stop, running } = started()
    await clock.advance(10_000)

    engine.heap = 40_000_000
    await clock.advance(10_000)
    const afterALittle = engine.given
    engine.heap = 90_000_000
    await clock.advance(10_000)

    expect(afterALittle).toBe(1)
    expect(engine.given).toBe(2)
    stop.abort()
    await running
  })
})

describe('the engine of this process', () => {
  it('really gives back what garbage has taken', () => {
    const engine = thriftyEngine()
    let garbage = Array.from({ length: 400_000 }, (_, index) => ({ index, text: `text ${index}` }))
    const before = engine.heapBytes()

    garbage = []
    engine.giveBack()

    expect(garbage).toEqual([])
    expect(engine.heapBytes()).toBeLessThan(before - 15_000_000)
  })
})

import type { Faults } from '../../../src/simulator/faults.ts'
import { PosixError } from '../../../src/simulator/model/posix-error.ts'
import type { World } from '../world.ts'
import { type Disturbance, directories } from './scenario.ts'

/** What can be down. */
interface Part {
  /** How many disturbances hold it down. */
  downs: number
  stop(): Promise<void>
  start(): void | Promise<void>
}

/** Lets things go wrong in a world, and go well again; several disturbances of one part may overlap. */
export class Disturber {
  readonly #world: World
  readonly #parts: Readonly<Record<'providerDown' | 'zoneDown' | 'processDown', Part>>

  constructor(world: World) {
    const { provider, federation } = world
    this.#world = world
    this.#parts = {
      providerDown: { downs: 0, stop: () => provider.stop(), start: () => provider.start() },
      zoneDown: { downs: 0, stop: () => federation.zone.stop(), start: () => federation.zone.start() },
      processDown: { downs: 0, stop: () => world.stop(), start: () => world.start() },
    }
  }

  /** Gives what ends it; null = it is over at once. */
  async begin(disturbance: Disturbance): Promise<(() => void | Promise<void>) | null> {
    switch (disturbance.kind) {
      case 'cut':
        return this.#each((faults) => faults.cutStreams(disturbance.how))
      case 'freeze':
        return this.#each((faults) => faults.freezeStreams())
      case 'resetSequence':
        return this.#each((faults) => faults.resetSequence())
      case 'spoil': {
        const { fault, probability } = disturbance
        this.#each((faults) => faults.events(fault, { probability }))
        return () => void this.#each((faults) => faults.events(fault, {}))
      }
      case 'http': {
        const { fault, probability } = disturbance
        const ends = this.#world.providers.map(({ faults }) => faults.http(fault, { probability }))
        return () => {
          for (const end of ends) end()
        }
      }
      case 'loseRights':
        return this.#loseRights(directories[disturbance.dir] ?? 'in')
      case 'processDown':
        // Without a beginning of the first listing in its store the next process knows nothing of this one.
        if ((await this.#world.store.baseline(this.#world.trigger.name)) === null) return null
        return this.#takeDown(this.#parts.processDown)
      default:
        return this.#takeDown(this.#parts[disturbance.kind])
    }
  }

  async #takeDown(part: Part): Promise<() => Promise<void>> {
    part.downs += 1
    if (part.downs === 1) await part.stop()
    return async () => {
      part.downs -= 1
      if (part.downs === 0) await part.start()
    }
  }

  /** They come back where the directory is by then. */
  #loseRights(path: string): (() => void) | null {
    const { fileId } = this.#world.provider.model.stat(path) ?? {}
    if (fileId === undefined) return null
    this.#onDirectory(fileId, (faults, at) => faults.loseRights(at))
    return () => this.#onDirectory(fileId, (faults, at) => faults.restoreRights(at))
  }

  #onDirectory(fileId: string, work: (faults: Faults, path: string) => void): void {
    for (const { faults, model } of this.#world.providers) {
      const path = model.pathOf(fileId)
      if (path === null) continue
      try {
        work(faults, path)
      } catch (error) {
        // It is on its way into the trash.
        if (!(error instanceof PosixError)) throw error
      }
    }
  }

  #each(work: (faults: Faults) => void): null {
    for (const { faults } of this.#world.providers) work(faults)
    return null
  }
}

import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { waitFor } from './wait-for.ts'
import type { WatchWorld } from './watch-world.ts'

/** Later than any file that a test makes. */
let lastTime = 2_000_000_000

/** Changes a file until a stream tells of it, and not a listing. */
export async function toldByStream(simulator: Simulator, world: WatchWorld, path: string): Promise<void> {
  const fileId = simulator.model.stat(path)?.fileId
  const from = world.observations.length
  await waitFor(`a stream tells of ${path}`, () => {
    simulator.model.setTimes(path, { mtime: lastTime++ })
    const news = world.observations.slice(from)
    return news.some((each) => each.kind === 'file' && each.by !== 'scan' && each.fileId === fileId)
  })
}

import type { Space } from '../../src/core/source.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createSimulator, type Simulator } from '../../src/simulator/create-simulator.ts'
import { quickDelays, seededRandom } from '../support/simulator.ts'

export const versions = ['25.0', '21.02.8', '21.02.3', '20.02', '18.02'] as const

/** A simulated provider with two files below `in`. */
export interface Origin {
  readonly simulator: Simulator
  readonly space: Space
  readonly files: readonly { readonly fileId: string; readonly path: string }[]
  readonly directory: { readonly fileId: string; readonly path: string }
}

/** Starts one; whoever asks for it closes its simulator. */
export async function originOf(version: (typeof versions)[number]): Promise<Origin> {
  const options = {
    version,
    port: 0,
    tls: false,
    spaceName: 'Gamma',
    log: silentLog,
    clock: createSystemClock(),
  } as const
  const simulator = await createSimulator({ ...options, random: seededRandom(1), delays: quickDelays })
  const { model } = simulator
  model.mkdir('in')
  model.mkdir('in/sub')
  const paths = ['in/a.bin', 'in/sub/b.bin']
  for (const path of paths) {
    model.create(path, 10)
    model.setXattr(path, 'done', { by: ['somebody', 1] })
  }
  const files = paths.flatMap((path) => {
    const stat = model.stat(path)
    return stat === null ? [] : [{ fileId: stat.fileId, path }]
  })
  const directory = { fileId: model.stat('in/sub')?.fileId ?? '', path: 'in/sub' }
  return { simulator, space: simulator.space, files, directory }
}

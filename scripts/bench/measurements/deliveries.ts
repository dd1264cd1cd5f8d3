import { join } from 'node:path'
import { type Measurement, of, type Size, type Values } from '../measurement.ts'
import { rawInserts } from '../raw.ts'
import { bare, saturated } from '../saturation.ts'
import { withFolder } from '../scratch.ts'

/** A full outbox as fast as it goes. */
export const deliveries: Measurement = {
  name: 'deliveries',
  about:
    'Signed deliveries from a full outbox, each on disk before it is told (SQLite, as durable as synchronous=FULL), as fast as they go',
  figures: {
    perSecond: { about: 'deliveries per second', unit: '', better: 'higher', goal: 10_000 },
    ofBareLoop: {
      about: 'of a bare loop of the same requests, unsigned, nothing on disk',
      unit: '%',
      better: 'higher',
    },
    ofRawInserts: { about: 'of a bare loop of inserts into SQLite, 256 in a transaction', unit: '%', better: 'higher' },
    cores: { about: "processors beside the receiver's", unit: '', better: 'lower' },
  },
  sizes: { full: { backlog: 100_000 }, quick: { backlog: 10_000 } },
  bounds: [],
  seconds: (runs) => 35 * runs,
  ownProcess: true,
  async *measure(size, runs) {
    for (let run = 0; run < runs; run++) yield await once(size)
  },
}

async function once(size: Size): Promise<Values> {
  const backlog = of(size, 'backlog')
  const requests = await bare(backlog)
  const inserts = await withFolder(async (folder) => rawInserts(join(folder, 'raw.db'), backlog, 256))
  const { perSecond, cores } = await saturated(backlog)
  return { perSecond, ofBareLoop: (perSecond / requests) * 100, ofRawInserts: (perSecond / inserts) * 100, cores }
}

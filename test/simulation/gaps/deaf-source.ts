import type { Source, SpaceWatch } from '../../../src/core/source.ts'

/** A planted defect: what a listing finds after the first one is not told, so that nothing repairs what a stream misses. */
export function withoutReconcile(source: Source): Source {
  return {
    ...source,
    openSpace: async (space, signal) => deaf(await source.openSpace(space, signal)),
  }
}

function deaf(watch: SpaceWatch): SpaceWatch {
  return {
    space: watch.space,
    read: (requests, signal) => watch.read(requests, signal),
    rescan: (reason) => watch.rescan(reason),
    health: () => watch.health(),
    run: ({ sink, ...input }, signal) => {
      const known: typeof sink.known = (fileIds) => sink.known(fileIds)
      const push: typeof sink.push = (batch) =>
        sink.push(batch.scan !== undefined && batch.scan > 1 ? { ...batch, observations: [] } : batch)
      return watch.run({ ...input, sink: { known, push } }, signal)
    },
  }
}

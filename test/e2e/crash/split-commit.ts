import { channel } from 'node:diagnostics_channel'
import type { Commit, Store } from '../../../src/store/store.ts'
import { halvedChannel } from './points.ts'

/**
 * A store that breaks the one rule: what belongs into one transaction is written in two. States and cursor come first, what is owed comes second;
 * with `cursor` it is the cursor that comes first.
 */
export function splitCommit(store: Store, first: 'states' | 'cursor'): Store {
  return new Proxy(store, {
    get: (of, name) => {
      const value: unknown = Reflect.get(of, name)
      if (name === 'commit') {
        return async (commit: Commit) => {
          const [one, other] = halves(commit, first)
          await of.commit(one)
          if (commit.events.length > 0) channel(halvedChannel).publish(commit)
          await of.commit(other)
        }
      }
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
}

function halves(commit: Commit, first: 'states' | 'cursor'): readonly [Commit, Commit] {
  const { cursor, ...others } = commit
  const { watch, epoch, events } = commit
  const nothing = { watch, epoch, states: [], forget: [], events: [] }
  if (first === 'states')
    return [
      { ...commit, events: [] },
      { ...nothing, events },
    ]
  return [cursor === undefined ? nothing : { ...nothing, cursor }, others]
}

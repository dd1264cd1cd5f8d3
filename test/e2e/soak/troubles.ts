import type { Random } from '../../../src/lib/random.ts'
import type { Simulator } from '../../../src/simulator/create-simulator.ts'
import { waitFor } from '../../support/wait-for.ts'
import { welcoming } from '../crash/hook.ts'
import type { Providers } from './providers.ts'
import type { Watcher } from './watcher.ts'

export interface Stage {
  readonly providers: Providers
  readonly random: Random
  /** Runs through the whole soak; its hook is troubled, it is not. */
  readonly steady: Watcher
  /** Is killed and stopped in between. */
  readonly restless: Watcher
}

/** Something that goes wrong; gives what ends it. */
export interface Trouble {
  readonly name: string
  readonly begin: (stage: Stage) => Promise<() => Promise<void> | void>
}

const nothing = () => {}

/** The provider that is watched; people go on with the other one, and so must OneTrigger, which stays there. */
const providerAway: Trouble = {
  name: 'provider away',
  begin: async ({ providers, steady }) => {
    const back = await providers.goAway(steady.provider)
    return async () => {
      await waitFor('the other provider is watched', () => steady.provider === providers.present.url, 60_000)
      await back()
    }
  },
}

/** All that goes wrong in a soak, in turn. The first few are what a short one has: OneTrigger goes to the other provider and comes back. */
export const troubles: readonly Trouble[] = [
  manners('receiver answers 503', { status: 503, afterMs: 0 }),
  providerAway,
  provider('streams cut', ({ faults }) => faults.cutStreams('reset')),
  providerAway,
  manners('receiver is slow', { status: 204, afterMs: 400 }),
  { name: 'OneTrigger killed', begin: ({ restless }) => restless.restart('SIGKILL').then(() => nothing) },
  provider('events dropped', ({ faults }) => faults.events('drop', { probability: 0.2 })),
  {
    name: 'receiver gone',
    begin: async ({ steady, restless }) => {
      await Promise.all([steady.hook.close(), restless.hook.close()])
      return async () => {
        await Promise.all([steady.hook.reopen(), restless.hook.reopen()])
      }
    },
  },
  provider('provider answers 503', ({ faults }) => void faults.http({ kind: 'error', status: 503 })),
  manners('receiver answers 500', { status: 500, afterMs: 0 }),
  provider('events doubled and out of order', ({ faults }) => {
    faults.events('double', { probability: 0.3 })
    faults.events('reorder', { probability: 0.3 })
  }),
  { name: 'OneTrigger stopped', begin: ({ restless }) => restless.restart('SIGTERM').then(() => nothing) },
  provider('connections reset', ({ faults }) => void faults.http({ kind: 'reset' }, { probability: 0.3 })),
  provider('streams half-open', ({ faults }) => faults.freezeStreams()),
  provider('events that cannot be read', ({ faults }) => faults.events('undecodable', { probability: 0.2 })),
  provider('answers that never come', ({ faults }) => void faults.http({ kind: 'hang' }, { probability: 0.2 })),
  provider('provider is slow', ({ faults }) => void faults.http({ kind: 'latency', ms: 500 })),
]

function manners(name: string, how: { readonly status: number; readonly afterMs: number }): Trouble {
  return {
    name,
    begin: async ({ steady, restless }) => {
      for (const { hook } of [steady, restless]) hook.manners = how
      return () => {
        for (const { hook } of [steady, restless]) hook.manners = welcoming
      }
    },
  }
}

/** Both of them, for either may be the one that is watched. */
function provider(name: string, spoil: (simulator: Simulator) => void): Trouble {
  return {
    name,
    begin: async ({ providers }) => {
      for (const each of providers.all) spoil(each)
      return () => {
        for (const { faults } of providers.all) faults.clear()
      }
    },
  }
}

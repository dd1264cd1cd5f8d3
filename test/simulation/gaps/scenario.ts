import fc from 'fast-check'
import type { EventFault, HttpFault } from '../../../src/simulator/faults.ts'
import type { ProviderVersion } from '../../../src/simulator/simulator.ts'

/** Where a scenario plays. */
export interface Setting {
  /** One provider each; with two, a zone says which is the best. */
  readonly versions: readonly ProviderVersion[]
  readonly via: 'events' | 'changes' | 'poll'
  /** How late every provider but the first hears of what happens there. */
  readonly lagMs: number
  readonly store: 'memory' | 'sqlite'
  /** It begins while the watch begins, in the midst of the first listing; else after that. */
  readonly fromStart: boolean
  /** Providers give a few entries per page, however many are asked for: a listing takes several. */
  readonly hasShortPages: boolean
  /** Nothing goes wrong, and nothing is moved: then everything has to be told at once, not only within one reconcile. */
  readonly isCalm: boolean
}

/** What people do with files; paths are numbers into `directories` and `names`, so that acts meet. */
export type FileAct =
  | {
      readonly kind: 'upload'
      readonly dir: number
      readonly name: number
      readonly bytes: number
      readonly pieces: number
      /** Between pieces; under a temporary name longer than any quiet period. */
      readonly pauseMs: number
      readonly temporary: boolean
    }
  | { readonly kind: 'overwrite'; readonly dir: number; readonly name: number; readonly bytes: number }
  | { readonly kind: 'append'; readonly dir: number; readonly name: number; readonly bytes: number }
  | { readonly kind: 'touch'; readonly dir: number; readonly name: number }
  | { readonly kind: 'remove'; readonly dir: number; readonly name: number }
  | {
      readonly kind: 'move'
      readonly dir: number
      readonly name: number
      readonly toDir: number
      readonly toName: number
    }
  | { readonly kind: 'mkdir'; readonly dir: number }
  | { readonly kind: 'rmdir'; readonly dir: number }
  | { readonly kind: 'moveDir'; readonly dir: number; readonly toDir: number }
  /** Moved out of the folder, and back after a while. */
  | { readonly kind: 'away'; readonly dir: number; readonly name: number; readonly forMs: number }

/** What goes wrong. */
export type Disturbance =
  | { readonly kind: 'cut'; readonly how: 'reset' | 'clean' }
  | { readonly kind: 'freeze' | 'resetSequence' }
  | { readonly kind: 'spoil'; readonly fault: EventFault; readonly probability: number; readonly forMs: number }
  | { readonly kind: 'http'; readonly fault: HttpFault; readonly probability: number; readonly forMs: number }
  /** Of providers the first, from which others may take over. */
  | { readonly kind: 'providerDown' | 'zoneDown' | 'processDown'; readonly forMs: number }
  | { readonly kind: 'loseRights'; readonly dir: number; readonly forMs: number }

export interface Step {
  readonly atMs: number
  readonly act: FileAct | Disturbance
}

export interface Scenario {
  readonly setting: Setting
  readonly steps: readonly Step[]
}

/** Inside the space; the first is the one that is watched, and `out` is not. */
export const directories = ['in', 'in/a', 'in/a/b', 'in/c', 'out', 'out/d'] as const
export const names = ['f0.dat', 'f1.dat', 'f2.dat', 'f3.dat'] as const

/** Events have the most to get wrong. */
const ways: readonly (readonly [ProviderVersion, Setting['via']])[] = [
  ['25.0', 'events'],
  ['25.0', 'events'],
  ['25.0', 'events'],
  ['25.0', 'events'],
  ['25.0', 'events'],
  ['25.0', 'changes'],
  ['25.0', 'poll'],
  ['21.02.8', 'changes'],
  ['21.02.8', 'poll'],
  ['21.02.3', 'changes'],
  ['21.02.3', 'poll'],
  ['20.02', 'changes'],
  ['20.02', 'poll'],
  ['18.02', 'poll'],
]

const lastMs = 900_000
const firstListingMs = 1_000
/** Most of it happens in the folder itself. */
const dir = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 5)
const name = fc.integer({ min: 0, max: names.length - 1 })
const bytes = fc.integer({ min: 1, max: 100_000 })
const forMs = fc.integer({ min: 100, max: 600_000 })
/** Often shorter than somebody pauses in the midst of an upload. */
const downMs = fc.oneof(fc.integer({ min: 100, max: 5_000 }), forMs)
const probability = fc.oneof(fc.constant(1), fc.double({ min: 0.05, max: 1, noNaN: true }))

const upload = fc
  .record({
    kind: fc.constant('upload' as const),
    dir,
    name,
    bytes: fc.integer({ min: 10, max: 100_000 }),
    pieces: fc.integer({ min: 1, max: 8 }),
    temporary: fc.boolean(),
    pause: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ pause, ...rest }) => ({ ...rest, pauseMs: Math.round(pause * (rest.temporary ? 60_000 : 15_000)) }))

const fileAct: fc.Arbitrary<FileAct> = fc.oneof(
  { weight: 9, arbitrary: upload },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('overwrite', 'append'), dir, name, bytes }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('remove', 'touch'), dir, name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move'), dir, name, toDir: dir, toName: name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('mkdir', 'rmdir'), dir }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('moveDir'), dir, toDir: dir }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('away' as const), dir, name, forMs }) },
)

const httpFault: fc.Arbitrary<HttpFault> = fc.oneof(
  fc.record({ kind: fc.constant('latency'), ms: fc.integer({ min: 10, max: 30_000 }) }),
  fc.constantFrom<HttpFault>({ kind: 'reset' }, { kind: 'hang' }, { kind: 'html', status: 502 }),
  fc.constantFrom<HttpFault>(
    { kind: 'error', status: 500 },
    { kind: 'error', status: 503 },
    { kind: 'error', status: 401 },
  ),
)

const eventFault = fc.constantFrom<EventFault>(
  'drop',
  'double',
  'reorder',
  'undecodable',
  'missingName',
  'afterDeleted',
)

const disturbance: fc.Arbitrary<Disturbance> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('spoil'), fault: eventFault, probability, forMs }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut'), how: fc.constantFrom('reset', 'clean') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('http'), fault: httpFault, probability, forMs }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('processDown'), forMs: downMs }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('providerDown', 'zoneDown'), forMs }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('freeze', 'resetSequence') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('loseRights'), dir, forMs }) },
)

const setting: fc.Arbitrary<Setting> = fc
  .record({
    way: fc.constantFrom(...ways),
    fromStart: fc.boolean(),
    isCalm: fc.nat(3).map((number) => number === 0),
    hasShortPages: fc.boolean(),
    isFederated: fc.boolean(),
    lagMs: fc.constantFrom(0, 0, 1_000, 20_000),
    store: fc.oneof(
      { weight: 19, arbitrary: fc.constant('memory' as const) },
      { weight: 1, arbitrary: fc.constant('sqlite' as const) },
    ),
  })
  .map(({ way: [version, via], isFederated, lagMs, ...rest }) => {
    return { versions: isFederated ? [version, version] : [version], via, lagMs: isFederated ? lagMs : 0, ...rest }
  })

const step: fc.Arbitrary<Step> = fc.record({
  atMs: fc.integer({ min: 0, max: lastMs }),
  act: fc.oneof({ weight: 3, arbitrary: fileAct }, { weight: 2, arbitrary: disturbance }),
})

/** Scenarios that fast-check makes up, and makes smaller where one fails. */
export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({ setting, steps: fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }) })
  .map((scenario) => (scenario.setting.fromStart ? { ...scenario, steps: scenario.steps.map(earlier) } : scenario))
  .map((scenario) => (scenario.setting.isCalm ? { ...scenario, steps: scenario.steps.filter(isCalm) } : scenario))
  .map(({ setting, steps }) => ({ setting, steps: steps.map((each) => withinQuietPeriod(each, setting.lagMs)) }))

const stableForMs = 20_000

/**
 * Whoever takes over may be behind: there a pause looks longer by that, and one of more than the quiet period can be told from an end by nobody. Under a
 * temporary name it may be as long as it likes.
 */
function withinQuietPeriod(step: Step, lagMs: number): Step {
  const { act } = step
  if (act.kind !== 'upload' || act.temporary) return step
  return { ...step, act: { ...act, pauseMs: Math.min(act.pauseMs, Math.max(stableForMs - lagMs - marginMs, 0)) } }
}

/** Between the change and the moment in which it shows. */
const marginMs = 4_000

const calmActs: ReadonlySet<string> = new Set<FileAct['kind']>([
  'upload',
  'overwrite',
  'append',
  'touch',
  'remove',
  'mkdir',
])

function isCalm({ act }: Step): boolean {
  return calmActs.has(act.kind)
}

/** Every other step falls into the first listing, or right behind it. */
function earlier(step: Step, index: number): Step {
  return index % 2 === 0 ? { ...step, atMs: step.atMs % firstListingMs } : step
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Input, stepCompletion, type Verdict } from '../../src/core/completion.ts'
import type { Rung } from '../../src/core/event.ts'
import type { FileState } from '../../src/core/file-state.ts'
import type { FileFacts, FileSeen } from '../../src/core/observation.ts'
import type { CompletionPolicy } from '../../src/core/trigger.ts'
import { aPolicy, aState } from '../support/builders.ts'
import { FileLife } from '../support/file-life.ts'

/** One thing that happens to a file, or to what is heard of it. */
type Act =
  | { readonly kind: 'write' | 'setBack' | 'tell' | 'tellSize' | 'tellTimes' | 'missed' | 'part' | 'final' | 'delete' }
  | { readonly kind: 'outage'; readonly ms: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('tell' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('setBack', 'tellSize', 'tellTimes', 'missed', 'part', 'final', 'delete'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('outage' as const), ms: fc.integer({ min: 1, max: 90_000 }) }),
  },
)

const pause = fc.oneof(
  fc.integer({ min: 0, max: 3_000 }),
  fc.integer({ min: 3_000, max: 40_000 }),
  fc.integer({ min: 40_000, max: 2_000_000 }),
)

const history = fc.array(fc.tuple(act, pause), { maxLength: 40 })

function perform(file: FileLife, { kind, ...more }: Act, pauseMs: number): void {
  switch (kind) {
    case 'write':
      file.write((file.facts.size ?? 0) + 1)
      break
    case 'setBack':
      file.set({ mtime: 1_000, ctime: file.second })
      break
    case 'tell':
      if (file.exists) file.tell()
      break
    case 'tellSize':
      if (file.exists) file.tell({ size: file.facts.size ?? 0 })
      break
    case 'tellTimes':
      if (file.exists) file.tell({ mtime: file.facts.mtime ?? 0, ctime: file.facts.ctime ?? 0 })
      break
    case 'missed':
      file.step({ kind: 'missed' })
      break
    case 'part':
      file.rename('in/a.avi.part')
      break
    case 'final':
      file.rename('in/a.avi')
      break
    case 'delete':
      file.exists = !file.exists
      if (!file.exists) file.step({ kind: 'gone' })
      break
    case 'outage':
      file.isReadable = false
      file.pass('ms' in more ? more.ms : 0)
      file.isReadable = true
  }
  file.pass(pauseMs)
}

/** Lives through the history; then the file is told of as it is, as a listing would, and nothing happens any more. */
function live(file: FileLife, acts: readonly (readonly [Act, number])[]): FileLife {
  for (const [each, pauseMs] of acts) perform(file, each, pauseMs)
  file.exists = true
  return file.rename('in/a.avi').tell().pass(5_000_000)
}

describe('whatever happens to a file', () => {
  it('its last content fires exactly once after the last word of it, and no content fires twice', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('hold', 'fire'), (acts, emptyFiles) => {
        const file = live(new FileLife({ completion: { emptyFiles } }), acts)

        const fired = file.fires.map(({ revision }) => `${revision.size} ${revision.mtime}`)
        expect(new Set(fired).size).toBe(fired.length)
        expect(fired.filter((each) => each === `${file.facts.size} ${file.facts.mtime}`)).toHaveLength(1)
        expect(file.state?.phase).toBe('complete')
      }),
      { numRuns: 400 },
    )
  })

  it('it fires only on a read that was asked for, with what that read showed, a whole quiet period after the last change', () => {
    fc.assert(
      fc.property(history, (acts) => {
        const file = live(new FileLife(), acts)

        for (const [index, each] of file.steps.entries()) {
          if (each.step.verdict.kind === 'fire') expectDueFire(file, index, each.step.verdict)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('it is never looked at in the past, nor twice at the same time', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(null, '{name}.ok'), (acts, marker) => {
        const file = live(new FileLife({ completion: { marker } }), acts)

        for (const { at, input, step } of file.steps) {
          const wakeAt = step.state?.wakeAt ?? null
          if (wakeAt === null) continue
          const isAnswered = input.kind === 'tick' || input.kind === 'read' || input.kind === 'unavailable'
          expect(wakeAt).toBeGreaterThanOrEqual(isAnswered ? at + 1 : at)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('it never fires without the evidence that is asked for', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('marker', 'xattr', 'declaredSize'), (acts, rung) => {
        const evidence = { marker: '{name}.ok', xattr: { key: 'done', value: null }, declaredSize: 'bytes' }
        const file = live(new FileLife({ completion: { [rung]: evidence[rung] } }), acts)

        expect(file.fires).toEqual([])
        expect(file.state?.phase).toBe('stalled')
        expect(file.stalls.at(-1)).toMatchObject({ size: file.facts.size, mtime: file.facts.mtime })
      }),
      { numRuns: 200 },
    )
  })
})

const quietMs: Partial<Record<Rung, number>> = { rename: 10_000, empty: 900_000 }

function expectDueFire(file: FileLife, index: number, { evidence, revision }: Verdict & { kind: 'fire' }): void {
  const { size, mtime } = revision
  expect(file.steps[index]?.input).toMatchObject({ kind: 'read', seen: { facts: { size, mtime } } })
  expect(file.steps[index - 1]?.step.verdict.kind).toBe('read')
  const quiet = (file.steps[index]?.at ?? 0) - lastChange(file, index)
  expect(quiet).toBeGreaterThanOrEqual(quietMs[evidence.rung] ?? 20_000)
}

/** When a step before `index` last told another size, mtime or place than was told before it. An oracle of its own: it looks at inputs only. */
function lastChange(file: FileLife, index: number): number {
  let told: Record<string, unknown> = {}
  let last = Number.NEGATIVE_INFINITY
  let lagging: unknown = null
  for (const { at, input } of file.steps.slice(0, index)) {
    if (input.kind !== 'seen' && input.kind !== 'read') continue
    const { size, mtime } = input.seen.facts
    const now = {
      ...told,
      path: `${input.seen.dir}/${input.seen.name}`,
      size: size ?? told.size,
      mtime: mtime ?? told.mtime,
    }
    // A lower mtime may be a lagging word; whether it counts from then on or from the read that shows it is left open here.
    const isLagging = input.kind === 'seen' && Number(now.mtime) < Number(told.mtime)
    if (
      now.path !== told.path ||
      now.size !== told.size ||
      (now.mtime !== told.mtime && now.mtime !== lagging && !isLagging)
    )
      last = at
    if (isLagging) lagging = now.mtime
    told = isLagging ? { ...now, mtime: told.mtime } : now
  }
  return last
}

const facts: fc.Arbitrary<FileFacts> = fc.record(
  {
    size: fc.nat(1),
    mtime: fc.nat(1),
    ctime: fc.nat(3),
    localRate: fc.constantFrom(0, 0.5, 1),
    atOrigin: fc.boolean(),
    xattrs: fc.dictionary(fc.constantFrom('done', 'bytes'), fc.jsonValue()),
    cdmiProcessing: fc.boolean(),
    heldElsewhere: fc.boolean(),
  },
  { requiredKeys: [] },
)

const fullFacts = fc.tuple(fc.nat(1), fc.nat(1), facts).map(([size, mtime, rest]) => ({ ...rest, size, mtime }))

const seen: fc.Arbitrary<FileSeen> = fc.record({
  kind: fc.constant('file' as const),
  fileId: fc.constant('f1'),
  dir: fc.constantFrom(null, 'in', 'in/x'),
  name: fc.constantFrom(null, 'a', 'a.part', 'b'),
  facts: fc.oneof(facts, fullFacts),
  by: fc.constantFrom('events', 'changes', 'scan', 'read'),
})

const input: fc.Arbitrary<Input> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('seen', 'found', 'read', 'read', 'read'), seen }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('unavailable', 'gone', 'notAFile', 'missed', 'marked', 'tick') }),
  },
)

const time = fc.integer({ min: -5, max: 5_000_000 })

const state: fc.Arbitrary<FileState> = fc
  .record({
    path: fc.constantFrom(null, 'in/a', 'in/a.part'),
    phase: fc.constantFrom('uploading', 'settling', 'complete', 'stalled', 'gone'),
    facts: fc.oneof(facts, fullFacts, fullFacts),
    lastChangeAt: fc.oneof(fc.constant(0), time),
    wakeAt: fc.option(time),
    renamedFromTemporaryAt: fc.option(time),
    vetoSince: fc.option(time),
    decided: fc.array(fc.record({ size: fc.nat(1), mtime: fc.nat(1), eventId: fc.option(fc.string()), at: time }), {
      maxLength: 2,
    }),
    missedScans: fc.nat(2),
  })
  .map((each) => aState({ ...each, dir: each.path === null ? null : 'in' }))

const policy: fc.Arbitrary<CompletionPolicy> = fc
  .record({
    stableForMs: fc.constantFrom(1, 20_000),
    marker: fc.constantFrom(null, null, '{name}.ok'),
    xattr: fc.constantFrom(null, null, null, null, { key: 'done', value: null }, { key: 'done', value: '1' }),
    declaredSize: fc.constantFrom(null, null, null, 'bytes'),
    checksum: fc.constantFrom(null, 'bytes'),
    holes: fc.constantFrom('veto', 'ignore'),
    cdmi: fc.boolean(),
    emptyFiles: fc.constantFrom('hold', 'fire', 'ignore'),
  })
  .map((each) => aPolicy(each))

/** A read that shows what is known. */
function confirming({ facts }: FileState): Input {
  return { kind: 'read', seen: { kind: 'file', fileId: 'f1', dir: null, name: null, facts, by: 'read' } }
}

describe('a step', () => {
  it('is defined for every state and input, and fires nothing but what was read and not decided before', () => {
    let fired = 0
    fc.assert(
      fc.property(
        fc.option(state),
        input,
        policy,
        fc.record({
          now: fc.integer({ min: 0, max: 8_000_000 }),
          marker: fc.option(fc.record({ mtime: fc.option(fc.nat(3)) })),
          revisions: fc.constantFrom('each' as const, 'once' as const),
          isConfirmed: fc.boolean(),
        }),
        (before, anything, completion, { now, marker, revisions, isConfirmed }) => {
          const what = isConfirmed && before !== null ? confirming(before) : anything
          const step = stepCompletion(before, what, {
            now,
            spaceId: 'space1',
            trigger: { name: 'default', completion, revisions },
            isTemporary: (path) => path.endsWith('.part'),
            markerOf: () => marker,
          })

          const wakeAt = step.state?.wakeAt ?? null
          if (wakeAt !== null && step.state !== before && wakeAt !== before?.wakeAt)
            expect(wakeAt).toBeGreaterThanOrEqual(now)
          if (step.verdict.kind !== 'fire') return
          fired += 1
          const { size, mtime } = step.verdict.revision
          expect(what).toMatchObject({ kind: 'read', seen: { facts: { size, mtime } } })
          expect(
            before?.decided.some((each) => each.eventId !== null && each.size === size && each.mtime === mtime),
          ).toBe(false)
          expect(step.state?.path?.endsWith('.part') ?? false).toBe(false)
        },
      ),
      { numRuns: 3_000 },
    )
    expect(fired).toBeGreaterThan(10)
  })
})

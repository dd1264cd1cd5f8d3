import { z } from 'zod'
import { readOnce } from '../lib/fields.ts'
import { suggestion } from './closest.ts'
import type { Problem } from './problem.ts'

/** The names in a configuration that may be wrong in other places: what does not fit counts as absent, its own problem is told elsewhere. */
const references = z
  .looseObject({
    sources: z.record(z.string(), z.unknown()).catch({}),
    targets: z.record(z.string(), z.unknown()).catch({}),
    triggers: z
      .record(
        z.string(),
        z
          .looseObject({
            watch: z.looseObject({ source: z.string().nullable().catch(null) }).catch({ source: null }),
            deliver: z.array(z.unknown()).catch([]),
            deliverStalled: z.array(z.unknown()).catch([]),
            renamedFrom: z.string().nullable().catch(null),
          })
          .nullable()
          .catch(null),
      )
      .catch({}),
    notices: z.looseObject({ deliver: z.array(z.unknown()).catch([]) }).catch({ deliver: [] }),
  })
  .catch({ sources: {}, targets: {}, triggers: {}, notices: { deliver: [] } })

/** What only shows when the parts are seen together: names that nothing has, triggers that tell nobody. */
export function crossProblems(raw: unknown): readonly Problem[] {
  const config = references.parse(raw, readOnce)
  const names = Object.keys(config.triggers)
  const none: readonly Problem[] =
    names.length > 0 ? [] : [{ path: ['triggers'], message: 'there is no trigger, so nothing would be watched' }]
  const renamed = new Map<string, string>()
  const ofTriggers = Object.entries(config.triggers).flatMap(([name, trigger]) => {
    if (trigger === null) return []
    return [
      ...sourceProblems(name, trigger.watch.source, Object.keys(config.sources)),
      ...targetProblems(name, trigger, Object.keys(config.targets)),
      ...renameProblems(name, trigger.renamedFrom, names, renamed),
    ]
  })
  const ofNotices = listProblems(['notices', 'deliver'], config.notices.deliver, Object.keys(config.targets))
  return [...none, ...ofTriggers, ...ofNotices]
}

function sourceProblems(trigger: string, source: string | null, known: readonly string[]): readonly Problem[] {
  if (source === null || known.includes(source)) return []
  const path = ['triggers', trigger, 'watch', 'source']
  return [{ path, message: `there is no source "${source}"${suggestion(source, known)}` }]
}

interface Told {
  readonly deliver: readonly unknown[]
  readonly deliverStalled: readonly unknown[]
}

function targetProblems(trigger: string, told: Told, known: readonly string[]): readonly Problem[] {
  if (told.deliver.length + told.deliverStalled.length === 0) {
    const path = ['triggers', trigger, 'deliver']
    return [{ path, message: 'the trigger tells nobody; name at least one target' }]
  }
  return (['deliver', 'deliverStalled'] as const).flatMap((key) =>
    listProblems(['triggers', trigger, key], told[key], known),
  )
}

/** A list of names of targets, each of which must be known and named once. */
function listProblems(at: readonly string[], named: readonly unknown[], known: readonly string[]): readonly Problem[] {
  return named.flatMap((target, index): readonly Problem[] => {
    if (typeof target !== 'string') return []
    const path = [...at, index]
    if (named.indexOf(target) < index) return [{ path, message: `"${target}" is named twice` }]
    return known.includes(target)
      ? []
      : [{ path, message: `there is no target "${target}"${suggestion(target, known)}` }]
  })
}

/** `renamed` gathers old name -> new name over all triggers. */
function renameProblems(
  trigger: string,
  before: string | null,
  names: readonly string[],
  renamed: Map<string, string>,
): readonly Problem[] {
  if (before === null) return []
  const path = ['triggers', trigger, 'renamedFrom']
  if (names.includes(before)) return [{ path, message: `there is still a trigger "${before}"` }]
  const other = renamed.get(before)
  renamed.set(before, trigger)
  return other === undefined ? [] : [{ path, message: `"${other}" took over the state of "${before}" already` }]
}

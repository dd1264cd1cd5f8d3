import type { Proof, Shown, Trace } from '../trace.ts'
import type { Stage } from './stage.ts'

/** What OneTrigger is told to look for. */
export const lookFor: Readonly<Record<Proof, Trace['completion']>> = {
  marker: { marker: '{name}.done' },
  xattr: { xattr: { key: 'upload', value: 'done' } },
  declared: { declaredSize: 'expected' },
  cdmi: { cdmi: true },
  rename: {},
  holes: {},
  none: {},
}

/** Every way to give evidence, and none. */
export const proofs: readonly Proof[] = ['none', 'marker', 'xattr', 'declared', 'rename', 'cdmi']

export interface Upload {
  readonly at?: number
  /** Name in the folder `in`. */
  readonly name?: string
  /** Between one write and the next. */
  readonly gapsMs: readonly number[]
  readonly stepBytes?: number
  /** How long after the last byte the evidence comes. */
  readonly proofAfterMs?: number
  /** The uploader dies after its last write: no evidence, and no revision. */
  readonly isAbandoned?: boolean
  /** Further facts of the new file. */
  readonly first?: Omit<Shown, 'at' | 'file'>
  /** Further facts of every write. */
  readonly facts?: (step: number, steps: number) => Omit<Shown, 'at' | 'file'>
}

/** One upload from its first to its last byte, with its evidence; gives the time from which the file is whole and could be known to be. */
export function upload(
  stage: Stage,
  proof: Proof,
  given: Upload,
): { readonly from: number; readonly due: number; readonly size: number } {
  const { at = 1_000, name = 'a.bin', gapsMs, stepBytes = 1_000_000, proofAfterMs = 1_500 } = given
  const declared = given.isAbandoned ? 2 * gapsMs.length * stepBytes : gapsMs.length * stepBytes
  const file = 'a'
  const path = proof === 'rename' ? `in/${name}.part` : `in/${name}`
  stage.create(at, file, path, { ...firstFacts(proof, declared), ...given.first })
  let time = at
  for (const [step, gap] of gapsMs.entries()) {
    time += gap
    stage.write(time, file, (step + 1) * stepBytes, given.facts?.(step, gapsMs.length))
  }
  const size = gapsMs.length * stepBytes
  if (given.isAbandoned) return { from: time, due: time, size }
  const due = prove(stage, proof, { file, name, at: time, afterMs: proofAfterMs })
  return { from: time, due, size }
}

/** Gives the evidence; says from when it is there. */
export function prove(
  stage: Stage,
  proof: Proof,
  {
    file,
    name,
    at,
    afterMs,
  }: { readonly file: string; readonly name: string; readonly at: number; readonly afterMs: number },
): number {
  const then = at + afterMs
  switch (proof) {
    case 'marker':
      stage.create(then, `${file}-done`, `in/${name}.done`)
      return then
    case 'xattr':
      stage.change(then, file, { xattrs: { upload: 'done' } })
      return then
    case 'rename':
      stage.rename(then, file, `in/${name}`)
      return then
    case 'cdmi':
      stage.change(then, file, { processing: false })
      return then
    case 'declared':
    case 'holes':
    case 'none':
      return at
  }
}

/** An upload that is whole in the end, as a trace. */
export function plainTrace(
  stage: Stage,
  { name, mode, proof, ...given }: Omit<Upload, 'name'> & Readonly<{ name: string; mode: string; proof: Proof }>,
): Trace {
  const { from, due, size } = upload(stage, proof, given)
  stage.whole({ file: 'a', size, from, until: null, due })
  return stage.trace(name, mode, proof, lookFor[proof])
}

function firstFacts(proof: Proof, declared: number): Omit<Shown, 'at' | 'file'> {
  if (proof === 'declared') return { xattrs: { expected: String(declared) } }
  return proof === 'cdmi' ? { processing: true } : {}
}

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Random } from '../../../src/lib/random.ts'
import { type Note, readDiary } from './diary.ts'

const sector = 512

/** What a disk may do with what nobody asked it to keep: lose all of it, or keep any part of it, sector by sector. */
export type Loss = 'all' | 'any'

/** What of a file is not durable yet. */
interface Unsynced {
  /** What each sector held before each write to it, oldest first. */
  readonly sectors: Map<number, Buffer[]>
  /** Its sizes before, oldest first. */
  readonly sizes: number[]
}

/** Takes back what a power cut may have taken, by the diary of volatile.c. Gives how many sectors and files that were. */
export function pullPlug(
  diary: Buffer,
  loss: Loss,
  random: Random,
): { readonly sectors: number; readonly files: number } {
  const { files, unnamed } = unsyncedIn(diary)
  let lost = 0
  let forgotten = 0
  for (const [path, unsynced] of files) {
    if (existsSync(path)) lost += takeBack(path, unsynced, loss, random)
  }
  for (const path of unnamed) {
    if (!existsSync(path) || (loss === 'any' && random() < 0.5)) continue
    rmSync(path)
    forgotten += 1
  }
  return { sectors: lost, files: forgotten }
}

/** What was written since its file was last synced, and the files whose directory was not synced since they were made. */
function unsyncedIn(diary: Buffer): { readonly files: Map<string, Unsynced>; readonly unnamed: Set<string> } {
  const files = new Map<string, Unsynced>()
  const unnamed = new Set<string>()
  for (const note of readDiary(diary)) {
    switch (note.kind) {
      case 's':
        files.delete(note.path)
        break
      case 'c':
        unnamed.add(note.path)
        break
      case 'd':
        for (const made of unnamed) if (dirname(made) === note.path) unnamed.delete(made)
        break
      case 'w':
      case 't':
        files.set(note.path, remembering(files.get(note.path), note))
    }
  }
  return { files, unnamed }
}

function remembering(known: Unsynced | undefined, { kind, start, end, size, old }: Note): Unsynced {
  const { sectors, sizes } = known ?? { sectors: new Map<number, Buffer[]>(), sizes: [] }
  sizes.push(size)
  const until = kind === 'w' ? end : start + old.length
  for (let at = start; at < until; at += sector) {
    const number = at / sector
    const before = sectors.get(number) ?? []
    before.push(whole(old.subarray(at - start, at - start + sector)))
    sectors.set(number, before)
  }
  return { sectors, sizes }
}

/** What lies behind the end of a file reads as zeros once it has grown. */
function whole(bytes: Buffer): Buffer {
  return bytes.length === sector ? bytes : Buffer.concat([bytes], sector)
}

function takeBack(path: string, { sectors, sizes }: Unsynced, loss: Loss, random: Random): number {
  const now = readFileSync(path)
  /** One of the states that it was in, the present one too. */
  const drawn = <T>(before: readonly T[], present: T): T =>
    loss === 'all' ? (before[0] ?? present) : (before[Math.floor(random() * (before.length + 1))] ?? present)
  const size = drawn(sizes, now.length)
  const after = Buffer.alloc(size)
  now.copy(after)
  let lost = 0
  for (const [number, before] of sectors) {
    const at = number * sector
    const present = whole(now.subarray(at, at + sector))
    const kept = drawn(before, present)
    if (kept.equals(present) && at < size) continue
    lost += 1
    kept.copy(after, at)
  }
  writeFileSync(path, after)
  return lost
}

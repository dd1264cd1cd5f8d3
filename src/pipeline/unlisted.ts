import { dirName, isInside } from '../core/observation.ts'

/** What is kept of the directories that no listing has read, written as JSON: a store has limits (an item of DynamoDB 400 KB). */
const mostUnlistedBytes = 200_000

/** What has been listed by no listing, where one more has ended that could not read these directories; `before`: by none before it. */
export function stillUnlisted(before: readonly string[] | undefined, unreadable: readonly string[]): readonly string[] {
  if (before === undefined) return covering(unreadable)
  const within = (dirs: readonly string[], others: readonly string[]) =>
    dirs.filter((dir) => others.some((other) => isInside(dir, other)))
  return covering([...new Set([...within(unreadable, before), ...within(before, unreadable)])])
}

/** These directories, or where they are too many those above the deepest of them. */
function covering(dirs: readonly string[]): readonly string[] {
  let covers = dirs
  while (Buffer.byteLength(JSON.stringify(covers)) > mostUnlistedBytes) {
    const deepest = Math.max(...covers.map(depthOf))
    covers = [...new Set(covers.map((dir) => (depthOf(dir) === deepest ? dirName(dir) : dir)))]
  }
  return covers
}

function depthOf(dir: string): number {
  return dir.split('/').length
}

/** Whether a listing that could not read these directories has seen all of the folder: only then does its baseline end. */
export function isListedWhole(folder: string, unreadable: readonly string[]): boolean {
  return !unreadable.some((dir) => isInside(dir, folder) || isInside(folder, dir))
}

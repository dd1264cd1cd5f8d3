import type { CrashReport, Progress } from '../../test/e2e/crash/kills.ts'

/** A line after every tenth kill. */
export function tellKill(say: (line: string) => void): (kill: number, progress: Progress) => void {
  return (kill, { seconds, finished, requests, owed }) => {
    if (kill % 10 === 0)
      say(`${seconds} s: ${kill} kills, ${finished} revisions finished, ${requests} requests, ${owed} owed`)
  }
}

/** Where it was killed, what is wrong, and the verdict in one line. */
export function tellReport(report: CrashReport, say: (line: string) => void): void {
  const { kills, seconds, finished, lost, early, twoIds, repeats, inFlight, needless, at, unreached, unsettled } =
    report
  const places = Object.entries(at).map(([name, count]) => `${name} ${count}`)
  say(`kills by place: ${places.join(', ')}`)
  for (const [what, list] of Object.entries({ lost, early, twoIds, needless, unreached, unsettled }))
    if (list.length > 0) say(`${what}: ${list.slice(0, 20).join(', ')}`)
  say(
    `${kills} kills in ${seconds} s, ${finished} revisions finished: ${lost.length} lost, ${early.length} early, ${twoIds.length} with two ids, ` +
      `${repeats} repeats of ${inFlight} deliveries in flight at the kills, ${needless.length} needless`,
  )
}

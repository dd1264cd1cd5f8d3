import { type Clock, sleep } from './clock.ts'

/** Resolves when the work has ended, however, or when so much time has passed; gives whether it has ended. */
export async function endsWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const ended = new AbortController()
  const tooLong = sleep(clock, ms, ended.signal).then(
    () => false,
    () => true,
  )
  const end = () => true
  const isOver = await Promise.race([work.then(end, end), tooLong])
  ended.abort()
  return isOver
}

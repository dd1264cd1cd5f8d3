import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes of heap that are really held: garbage is collected first. */
export function liveHeapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

import { camel } from './camel.ts'
import { chokidar } from './chokidar.ts'
import { firstSeen } from './first-seen.ts'
import { listFile } from './list-file.ts'
import type { Player } from './player.ts'

/** The rules of others, as they document them. */
export const rivals: readonly Player[] = [firstSeen, chokidar, listFile(0), listFile(20_000), camel]

import type { Measurement } from './measurement.ts'
import { deliveries } from './measurements/deliveries.ts'
import { growths } from './measurements/growth.ts'
import { idle } from './measurements/idle.ts'
import { overheads } from './measurements/overhead.ts'
import { recovery } from './measurements/recovery.ts'
import { scan } from './measurements/scan.ts'
import { start } from './measurements/start.ts'
import { uploading } from './measurements/uploading.ts'

/** All that `npm run bench` measures, in this order. */
export const measurements: readonly Measurement[] = [
  start,
  idle,
  scan,
  uploading,
  recovery,
  deliveries,
  ...overheads,
  ...growths,
]

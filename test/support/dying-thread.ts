// The thread that makes requests, until it was given some hundred of them.
import { parentPort } from 'node:worker_threads'
import '../../src/targets/http/thread/entry.ts'

let left = 300
parentPort?.on('message', (orders: readonly unknown[]) => {
  left -= orders.length
  if (left < 0) throw new Error('planted')
})

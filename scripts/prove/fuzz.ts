import { readdirSync } from 'node:fs'
import { parse } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { readOptions, someOf, wholeNumber } from '../options.ts'

/** Megabytes of objects that a door may need; a few kilobytes come in. */
const mostMemory = 768
/** One input that takes longer hangs. */
const hangsAfterMs = 60_000

interface Task {
  readonly name: string
  readonly seed: number
  readonly runs: number
  /** Counts the inputs: shared, because a thread that hangs says nothing any more. */
  readonly count: SharedArrayBuffer
}

if (isMainThread) await prove()
// as: what `prove` hands over
else await work(workerData as Task)

async function prove(): Promise<void> {
  const options = readOptions({
    command: 'prove:fuzz',
    about:
      'Sends random and hostile input through every door, each in a thread with little memory and a watchdog. What once failed is sent first (test/fuzz/seeds).',
    examples: {
      '--runs 2000 --seed 1': 'the same inputs each time',
      '--area streams --area http': 'two doors only',
    },
    options: {
      runs: wholeNumber('how many inputs each property gets', 2_000),
      seed: wholeNumber('what is drawn; another one each time where none is given', undefined, { least: 0 }),
      area: someOf(areaNames(), 'these doors instead of all'),
    },
  })
  const { areas } = await import('../../test/fuzz/areas.ts')
  const { runs, seed = Date.now() % 1_000_000_007, area = Object.keys(areas) } = options
  for (const name of area) {
    const began = performance.now()
    const task: Task = { name, seed, runs, count: new SharedArrayBuffer(4) }
    const failure = await watch(task)
    const inputs = Atomics.load(new Int32Array(task.count), 0)
    const seconds = ((performance.now() - began) / 1_000).toFixed(1)
    console.log(`${failure === null ? 'ok  ' : 'FAIL'} ${name}: ${inputs} inputs in ${seconds} s (seed ${seed})`)
    if (failure === null) continue
    console.log(failure)
    process.exitCode = 1
  }
}

/** Each has a file; to load what they are made of takes seconds, for which nobody waits who asks for help. */
function areaNames(): readonly string[] {
  return readdirSync(new URL('../../test/fuzz/areas', import.meta.url)).map((file) => parse(file).name)
}

/** Null = nothing was found. */
function watch(task: Task): Promise<string | null> {
  // The stack of a process, not of a thread, which is four times as deep: what ends in the one at once takes minutes in the other.
  const resourceLimits = { maxOldGenerationSizeMb: mostMemory, stackSizeMb: 1 }
  const worker = new Worker(new URL(import.meta.url), { workerData: task, resourceLimits })
  const count = new Int32Array(task.count)
  return new Promise((resolve) => {
    let [last, since] = [-1, performance.now()]
    const timer = setInterval(() => {
      const now = Atomics.load(count, 0)
      if (now !== last) [last, since] = [now, performance.now()]
      else if (performance.now() - since > hangsAfterMs) finish(`it hangs at input ${now}`)
    }, 1_000)
    const finish = (failure: string | null) => {
      clearInterval(timer)
      void worker.terminate()
      resolve(failure)
    }
    worker.on('message', (failure: string | null) => finish(failure))
    worker.on('error', (error) => finish(`it ended with ${String(error)}`))
    worker.on('exit', (code) => finish(`it ended with ${code} before it was through`))
  })
}

async function work({ name, seed, runs, count }: Task): Promise<void> {
  const counter = new Int32Array(count)
  // What nobody waits for ends the process; here it must be told.
  process.on('unhandledRejection', (error) => parentPort?.postMessage(`nobody waited for: ${String(error)}`))
  try {
    const { areas } = await import('../../test/fuzz/areas.ts')
    const { runArea } = await import('../../test/fuzz/fuzz.ts')
    const found = await runArea(name, areas[name] ?? {}, { seed, runs, onInput: () => Atomics.add(counter, 0, 1) })
    parentPort?.postMessage(found.length === 0 ? null : found.join('\n\n'))
  } catch (error) {
    parentPort?.postMessage(error instanceof Error ? error.message : String(error))
  }
}

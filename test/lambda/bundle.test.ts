import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { bundleFunction } from '../../scripts/lambda/bundle.ts'
import type { Simulator } from '../../src/simulator/create-simulator.ts'
import { type Dynamo, startDynalite } from '../support/dynamo.ts'
import { type Invocation, LambdaRuntime } from '../support/lambda-runtime.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'

// A run takes a second of real time, and most tests make several.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const minuteMs = 60_000
const folder = mkdtempSync(join(tmpdir(), 'onetrigger-bundle-'))
let bundle: Metafile
let dynamo: Dynamo

beforeAll(async () => {
  bundle = await bundleFunction(folder)
  dynamo = await startDynalite()
})
afterAll(async () => {
  await dynamo.close()
  rmSync(folder, { recursive: true })
})

describe('the bundle', () => {
  it('is small, and everything that a container has and a function has not stays outside', () => {
    const outputs = Object.values(bundle.outputs)
    const inputs = Object.keys(bundle.inputs)

    expect(outputs.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(1_500_000)
    expect(
      inputs.filter((path) => /fastify|pino|prom-client|selfsigned|commander|node_modules\/pg|preact/.test(path)),
    ).toEqual([])
    expect(
      inputs.filter((path) => /src\/(cli|http|simulator|deploy|observability|store\/(sqlite|postgres))\//.test(path)),
    ).toEqual([])
    expect(
      outputs.flatMap(({ imports }) => imports).filter(({ path, external }) => external === true && !isOfNode(path)),
    ).toEqual([])
  })

  it('loads clients of AWS only where they are used', () => {
    const entry = Object.entries(bundle.outputs).find(([path]) => path.endsWith('handler.mjs'))?.[1]
    const atStart = withStaticImports(bundle, entry?.imports ?? [], Object.keys(entry?.inputs ?? {}))

    expect(atStart.filter((path) => path.includes('@aws-sdk/client-'))).toEqual([])
    expect(atStart.some((path) => path === 'src/lambda/handler.ts')).toBe(true)
  })
})

describe('the bundle, as Lambda runs it', () => {
  let simulator: Simulator
  let receiver: Receiver
  let lambda: LambdaRuntime
  let table: string

  beforeEach(async () => {
    simulator = await startSimulator()
    simulator.model.mkdir('in')
    receiver = await startReceiver()
    table = await dynamo.makeTable()
    lambda = await aFunction({ ONETRIGGER_TABLE: table })
    dynamo.requests.length = 0
  })

  async function aFunction(env: Readonly<Record<string, string>>): Promise<LambdaRuntime> {
    const runtime = new LambdaRuntime(folder, {
      AWS_ENDPOINT_URL: dynamo.url,
      ONEPROVIDER_HOST: simulator.url,
      ONEDATA_SPACE: 'Gamma',
      ONEDATA_ACCESS_TOKEN: simulator.token,
      ONETRIGGER_FOLDER_1: 'in',
      ONETRIGGER_WEBHOOK_1: receiver.url,
      EXECUTION_FREQUENCY: '1',
      ...env,
    })
    onTestFinished(() => runtime.close())
    return runtime.start()
  }

  it('answers each invocation with a summary, from one warm sandbox', async () => {
    expect(await lambda.invoke()).toMatchObject({ kind: 'response', body: { ok: true, ended: 'quiet' } })
    expect(await lambda.invoke({ aheadMs: minuteMs })).toMatchObject({ kind: 'response', body: { ok: true } })
    expect(lambda.sandboxes).toBe(1)
  })

  it('idle, asks DynamoDB twice and the provider once where it is warm, and at most six times where it is cold', async () => {
    await lambda.invoke()
    simulator.model.create('in/a.mp4', 'x')
    let minutes = 0
    while (receiver.keys().length === 0 && minutes < 8) await lambda.invoke({ aheadMs: ++minutes * minuteMs })
    expect(receiver.keys()).toEqual(['/Gamma/in/a.mp4'])

    expect(await costOf({ aheadMs: ++minutes * minuteMs })).toEqual({ dynamo: 2, provider: 1 })

    lambda.kill()
    await waitFor('the sandbox is gone', () => !lambda.isWarm)
    const cold = await costOf({ aheadMs: (minutes + 2) * minuteMs })
    expect(cold.dynamo).toBeLessThanOrEqual(6)
    expect(cold.provider).toBeLessThanOrEqual(6)
  })

  async function costOf(invocation: Invocation) {
    dynamo.requests.length = 0
    simulator.requests.clear()
    expect(await lambda.invoke(invocation)).toMatchObject({ kind: 'response', body: { ended: 'quiet' } })
    return { dynamo: dynamo.requests.length, provider: simulator.requests.total }
  }

  it('killed in the middle of an attempt loses nothing: one beside it does nothing, the next one goes on', async () => {
    const beside = await aFunction({ ONETRIGGER_TABLE: table })
    await lambda.invoke()
    simulator.model.create('in/a.mp4', 'x')
    await lambda.invoke({ aheadMs: minuteMs })
    receiver.hangs = true
    const invoked = lambda.invoke({ aheadMs: 2 * minuteMs })
    await waitFor('the attempt is under way', () => receiver.attempts > 0)
    expect(await beside.invoke({ aheadMs: 2 * minuteMs })).toMatchObject({ body: { ended: 'another run' } })
    lambda.kill()
    expect(await invoked).toEqual({ kind: 'killed', body: null })
    receiver.hangs = false

    const next = await lambda.invoke({ aheadMs: 4 * minuteMs })

    expect(next).toMatchObject({ kind: 'response', body: { delivered: 1 } })
    expect(lambda.sandboxes).toBe(2)
    expect(receiver.keys()).toEqual(['/Gamma/in/a.mp4'])
  })

  it('killed at its deadline goes on in a new sandbox', async () => {
    await lambda.invoke()
    simulator.model.create('in/a.mp4', 'x')
    await lambda.invoke({ aheadMs: minuteMs })
    // Lambda gives it less time than it is told to have.
    expect(await lambda.invoke({ aheadMs: 2 * minuteMs, withinMs: 60_000, killAfterMs: 200 })).toMatchObject({
      kind: 'killed',
    })

    expect(await lambda.invoke({ aheadMs: 4 * minuteMs })).toMatchObject({ body: { ok: true, pending: 0 } })
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1)
  })

  it('tells as an error what a person must repair', async () => {
    const wrong = await aFunction({ ONETRIGGER_TABLE: 'no-such-table' })

    expect(await wrong.invoke()).toMatchObject({ kind: 'error', body: { errorType: 'StoreError' } })
  })

  it('that cannot be loaded says so to the runtime', async () => {
    const broken = new LambdaRuntime(folder, {}, 'missing.handler')
    onTestFinished(() => broken.close())
    await broken.start()

    expect(await broken.invoke()).toMatchObject({ kind: 'init', body: { errorType: 'Error' } })
  })
})

function isOfNode(path: string): boolean {
  return path.startsWith('node:') || /^[a-z_/0-9]+$/.test(path)
}

type Imports = Metafile['outputs'][string]['imports']

/** Inputs that are loaded with these, without the dynamic ones. */
function withStaticImports({ outputs }: Metafile, imports: Imports, inputs: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const all = [...inputs]
  const visit = (more: Imports) => {
    for (const { path, kind } of more) {
      const output = outputs[path]
      if (kind === 'dynamic-import' || output === undefined || seen.has(path)) continue
      seen.add(path)
      all.push(...Object.keys(output.inputs))
      visit(output.imports)
    }
  }
  visit(imports)
  return all
}

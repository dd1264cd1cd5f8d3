import { expect, it } from 'vitest'
import { z } from 'zod'
import { said } from '../../support/onetrigger.ts'
import { startReceiver } from '../../support/receiver.ts'
import { aScene, aTrigger, aWebhook, readyIs } from '../../support/scene.ts'
import { startSimulator } from '../../support/simulator.ts'
import { waitFor } from '../../support/wait-for.ts'
import { expressionsOf, readDashboard } from '../dashboard.ts'
import { startPrometheus } from './live-prometheus.ts'

const rulesAnswer = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          name: z.string(),
          health: z.string(),
          lastError: z.string().optional(),
          state: z.string().optional(),
        }),
      ),
    }),
  ),
})
const vector = z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) })

/** OneTrigger with one file that was delivered and one that the receiver refuses, and a Prometheus that looks on. */
async function aWatchedScene() {
  const [simulator, receiver, scene] = [await startSimulator(), await startReceiver(), aScene()]
  simulator.model.mkdir('in')
  scene.writeToken(simulator.token)
  const targets = { hook: aWebhook(receiver.url) }
  scene.configure({ source: { host: simulator.url }, triggers: { default: aTrigger('hook') }, targets })
  const process = scene.start()
  const { url }: { url: string } = JSON.parse(await said(process, 'health and metrics are served'))
  await readyIs(scene, process, 200)
  await said(process, 'the first listing is done')
  const prometheus = await startPrometheus(new URL(url).host)
  simulator.model.create('in/taken.txt', 'hello')
  await waitFor('one is delivered', () => receiver.received.length === 1)
  receiver.answer = 400
  simulator.model.create('in/refused.txt', 'hello')
  await waitFor('one is refused', () => receiver.attempts === 2)
  return prometheus
}

it('Prometheus evaluates every rule and every panel over a running OneTrigger, and only the alert that must comes up', async () => {
  const prometheus = await aWatchedScene()
  const rules = async () => {
    const { groups } = await prometheus.ask('rules', {}, rulesAnswer)
    return groups.flatMap((group) => group.rules)
  }
  const count = async (query: string) => {
    const { result } = await prometheus.ask('query', { query }, vector)
    return Number(result[0]?.value[1] ?? 0)
  }
  // What only the store knows is sampled every five seconds.
  await waitFor('the dead letter shows', () => count('target:onetrigger_dead_letters:max{target="hook"} == 1'), 15_000)
  await waitFor('all rules were evaluated', async () => (await rules()).every(({ health }) => health !== 'unknown'))
  const isPending = ({ name, state }: { readonly name: string; readonly state?: string | undefined }) =>
    name === 'OneTriggerDeadLetters' && state === 'pending'
  await waitFor('the alert comes up', async () => (await rules()).some(isPending))

  const evaluated = await rules()
  expect(evaluated.filter(({ health }) => health !== 'ok')).toEqual([])
  expect(evaluated.filter(({ state }) => state === 'firing')).toEqual([])
  const expressions = expressionsOf(readDashboard()).map((text) =>
    text.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '1h').replaceAll(/\$\w+/g, '.*'),
  )
  await Promise.all(expressions.map((query) => prometheus.ask('query', { query }, vector)))
  expect(await count('sum(onetrigger_fired_total)')).toBe(2)
})

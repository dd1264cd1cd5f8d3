import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runOneTrigger, said } from '../support/onetrigger.ts'
import { startSimulator } from '../support/simulator.ts'
import { tempDir } from '../support/temp-dir.ts'
import { waitFor } from '../support/wait-for.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')

it('the example with a command runs it for each file, and keeps what it printed', async () => {
  const simulator = await startSimulator()
  simulator.model.mkdir('incoming')
  const folder = tempDir()
  cpSync(join(examples, 'process.sh'), join(folder, 'process.sh'))
  const store = join(folder, 'onetrigger.db')
  const text = readFileSync(join(examples, 'exec.yaml'), 'utf8')
    .replace('plg-cyfronet-01.datahub.egi.eu', `"${simulator.url}"`)
    .replace('my-onedata-space', 'Gamma')
    .replace('./process.sh', join(folder, 'process.sh'))
    .replace('./onetrigger.db', store)
    .replace('deliver: [local]', 'completion: { stableFor: 1s }\n    deliver: [local]')
  writeFileSync(join(folder, 'exec.yaml'), text)
  const config = ['--config', join(folder, 'exec.yaml')]
  const env = { ONEDATA_ACCESS_TOKEN: simulator.token }
  const running = runOneTrigger(['run', ...config], env)
  await said(running, 'the first listing is done')

  simulator.model.create('incoming/a b.txt', 'content')

  await waitFor('it is delivered', async () => {
    const listed = runOneTrigger(['deliveries', 'list', '--json', ...config], env)
    await listed.ended
    const [line] = listed.stdout
    const delivery = line === undefined ? null : JSON.parse(line)
    return delivery?.state === 'delivered'
      ? (expect(delivery.lastAnswer.body).toBe('/Gamma/incoming/a b.txt 7 bytes, model yolov3\n') ?? true)
      : false
  })
  expect(await running.kill('SIGTERM')).toBe(0)
})

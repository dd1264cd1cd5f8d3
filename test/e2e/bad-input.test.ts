import { describe, expect, it } from 'vitest'
import { runOneTrigger, said } from '../support/onetrigger.ts'
import { startReceiver } from '../support/receiver.ts'
import { aScene, aTrigger, aWebhook, readyIs } from '../support/scene.ts'
import { startSimulator } from '../support/simulator.ts'
import { waitFor } from '../support/wait-for.ts'

async function aProvider(folder = 'in') {
  const [simulator, receiver, scene] = [await startSimulator(), await startReceiver(), aScene()]
  scene.writeToken(simulator.token)
  scene.configure({
    source: { host: simulator.url },
    triggers: { default: aTrigger('hook', { watch: { source: 'onedata', space: 'Gamma', folder } }) },
    targets: { hook: aWebhook(receiver.url) },
  })
  return { simulator, receiver, scene }
}

describe('a space that does not exist', () => {
  it('ends it with 1, by its name, and points at list-spaces', async () => {
    const { simulator, receiver, scene } = await aProvider()
    const flags = ['-H', simulator.url, '-s', 'No such space', '-w', receiver.url, '--store', scene.store]

    const process = runOneTrigger(['run', ...flags], { ONEDATA_ACCESS_TOKEN: simulator.token })

    expect(await process.ended).toBe(1)
    const text = process.stderr.join('\n')
    expect(text).toContain('error: The space does not exist: ')
    expect(text).toContain('No such space')
    expect(text).toContain('list-spaces')
    expect(text).toContain('(SOURCE_SPACE_UNKNOWN)')
  })
})

describe('certificates that are not there', () => {
  it('end it with 1, by the name of the file', async () => {
    const { simulator, receiver, scene } = await aProvider()
    const flags = [
      '-H',
      simulator.url,
      '-s',
      'Gamma',
      '-w',
      receiver.url,
      '--store',
      scene.store,
      '--ca',
      '/nowhere/ca.pem',
    ]

    const process = runOneTrigger(['run', ...flags], { ONEDATA_ACCESS_TOKEN: simulator.token })

    expect(await process.ended).toBe(1)
    expect(process.stderr.join('\n')).toContain('/nowhere/ca.pem')
  })
})

describe('a folder that does not exist', () => {
  it('is waited for, never replaced by the whole space, and its first file is delivered when there is one', async () => {
    const { simulator, receiver, scene } = await aProvider('not/yet')
    simulator.model.mkdir('other')
    const process = scene.start()
    const line = JSON.parse(await said(process, 'the folder does not exist; waiting for it'))

    simulator.model.create('top.txt', 'hello')
    simulator.model.create('other/a.txt', 'hello')
    simulator.model.mkdir('not/yet')
    simulator.model.create('not/yet/first.txt', 'hello')
    await waitFor('it has come', () => receiver.received.length > 0)

    expect(line).toMatchObject({ space: 'Gamma', folders: ['not/yet'] })
    expect(receiver.keys()).toEqual(['/Gamma/not/yet/first.txt'])
    await readyIs(scene, process, 200)
  })
})

describe('odd names', () => {
  const names = [
    'hash#tag.txt',
    'what?.txt',
    'percent%41.txt',
    '100%.txt',
    ' blanks at the ends ',
    'two  blanks.txt',
    `"double" and 'single'.txt`,
    'back\\slash.txt',
    '$(touch x);`id`&|<>.txt',
    '🛰️👩‍👩‍👧.txt',
    '-leading-dash.txt',
    '...',
    '..hidden.txt',
    'a+b&c=d;e.txt',
    'line\nbreak.txt',
    `${'n'.repeat(251)}.txt`,
    `${'ö'.repeat(127)}n`,
    'case.txt',
    'CASE.txt',
    'caf\u00e9.txt',
    'cafe\u0301.txt',
  ]
  // The folder has to come through as well.
  const folder = 'in #1?/%41 "ü"'

  it.each(['events', 'changes', 'poll'])('come as they are, once each, watched by %s', async (via) => {
    const { simulator, receiver, scene } = await aProvider(folder)
    scene.configure({
      source: { host: simulator.url, via },
      triggers: { default: aTrigger('hook', { watch: { source: 'onedata', space: 'Gamma', folder } }) },
      targets: { hook: aWebhook(receiver.url) },
    })
    simulator.model.mkdir(folder)
    const process = scene.start()
    await readyIs(scene, process, 200)

    for (const name of names) simulator.model.create(`${folder}/${name}`, `content of ${name}`)
    await waitFor('all have come', () => new Set(receiver.keys()).size >= names.length)

    expect(receiver.keys().toSorted()).toEqual(names.map((name) => `/Gamma/${folder}/${name}`).toSorted())
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(names.length)
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { chartFolder, goldenFolder, valueSets } from '../manifests.ts'
import { chartVersion, render } from './helm.ts'

/** Files that the chart copies into objects, with the indentation that they get there. Changes of theirs are no changes of the chart. */
const copied = [
  ['files/onetrigger.rules.yaml', 2],
  ['files/onetrigger.json', 4],
] as const

/** Without what changes for reasons of others: the version, and contents of files. */
function settled(rendered: string): string {
  return copied
    .reduce((text, [file, indent]) => {
      const lines = readFileSync(join(chartFolder, file), 'utf8').trimEnd().split('\n')
      const block = lines.map((line) => (line === '' ? line : `${' '.repeat(indent)}${line}`)).join('\n')
      return text.replace(block, () => `${' '.repeat(indent)}# the contents of ${file}`)
    }, rendered.replaceAll(chartVersion, 'VERSION'))
    .replaceAll(/[ \t]+$/gm, '')
}

// `npm run test:chart -- --update` writes them anew.
describe('the chart', () => {
  it.concurrent.for(valueSets)('renders $name as it was looked at', async ({ name, file, args }, { expect }) => {
    const rendered = await render('ot', '--values', file, ...args)

    await expect(settled(rendered)).toMatchFileSnapshot(join(goldenFolder, `${name}.yaml`))
  })
})

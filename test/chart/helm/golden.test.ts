import { join } from 'node:path'
import { describe, it } from 'vitest'
import { condensed, goldenFolder, valueSets } from '../manifests.ts'
import { chartVersion, render } from './helm.ts'

// `npm run test:chart -- --update` writes them anew.
describe('the chart', () => {
  it.concurrent.for(valueSets)('renders $name as it was looked at', async ({ name, file, args }, { expect }) => {
    const rendered = await render('ot', '--values', file, ...args)

    await expect(condensed(rendered, chartVersion)).toMatchFileSnapshot(join(goldenFolder, `${name}.yaml`))
  })
})

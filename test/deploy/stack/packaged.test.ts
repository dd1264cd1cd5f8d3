import { expect, it } from 'vitest'
import { z } from 'zod'
import { readFiles } from '../../architecture/repository.ts'
import { textOf } from '../rules.ts'

const manifest = z.object({ dependencies: z.record(z.string(), z.string()) })

it('every part of the SDK that the program loads comes with the package', () => {
  const { dependencies } = manifest.parse(JSON.parse(textOf('package.json')))
  // The function's own is bundled into it.
  const sources = [...readFiles(['src'], ['.ts'])].filter(([path]) => !path.startsWith('src/lambda/'))

  const loaded = sources.flatMap(([, text]) =>
    [...text.matchAll(/import\('(@aws-sdk\/[\w-]+)'\)/g)].map(([, name]) => name ?? ''),
  )

  expect([...new Set(loaded)].length).toBeGreaterThan(5)
  expect(loaded.filter((name) => dependencies[name] === undefined)).toEqual([])
})

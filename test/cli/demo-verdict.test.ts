import { expect, it } from 'vitest'
import { type FinishedRevision, judge } from '../../src/cli/demo-verdict.ts'
import { completeEventId, deliveryId } from '../../src/core/ids.ts'

const names = { trigger: 'default', spaceId: 'space1', target: 'hook' }

function finished(path: string): FinishedRevision {
  return { path, fileId: `id-${path}`, size: 1, mtime: 100, finishedAt: 5_000 }
}

function received(path: string, at = 6_000) {
  const { trigger, spaceId, target } = names
  return {
    id: deliveryId(completeEventId({ trigger, spaceId, fileId: `id-${path}`, size: 1, mtime: 100 }), target),
    at,
    key: `key-${path}`,
  }
}

it('tells what was lost, what came too early and what was never finished', () => {
  const verdict = judge(
    [finished('a'), finished('b'), finished('c')],
    [received('a'), received('b', 4_999), received('other')],
    names,
  )

  expect(verdict).toEqual({ delivered: 3, lost: ['c'], early: ['key-b', 'key-other'], doubled: [] })
})

it('tells of each time that something came again', () => {
  const verdict = judge(
    [finished('a'), finished('b')],
    [received('a'), received('b'), received('a'), received('a'), received('b')],
    names,
  )

  expect(verdict).toEqual({ delivered: 2, lost: [], early: [], doubled: ['key-a', 'key-a', 'key-b'] })
})

it('judges very many requests without comparing each with each', () => {
  const many = Array.from({ length: 150_000 }, (_, index) => ({ id: `dlv_${index % 100_000}`, at: 0, key: 'key' }))

  expect(judge([], many, names).doubled).toHaveLength(50_000)
})

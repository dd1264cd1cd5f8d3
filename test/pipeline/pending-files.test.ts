import { describe, expect, it } from 'vitest'
import { PendingFiles } from '../../src/pipeline/pending-files.ts'
import { aState } from '../support/builders.ts'

describe('pending files', () => {
  it('come up in the order in which they fall due, each once', () => {
    const files = new PendingFiles()
    for (const at of [30, 10, 20]) files.put(aState({ fileId: `f${at}`, wakeAt: at }))

    expect(files.nextAt()).toBe(10)
    expect(files.takeDue(20, 10).map((state) => state.fileId)).toEqual(['f10', 'f20'])
    expect(files.takeDue(20, 10)).toEqual([])
    expect(files.nextAt()).toBe(30)
    expect(files.count('default', 'uploading')).toBe(3)
  })

  it('come up when they fall due now, not when they once did', () => {
    const files = new PendingFiles()
    files.put(aState({ wakeAt: 10 }))
    for (let at = 20; at <= 5_000; at += 10) files.put(aState({ wakeAt: at }))
    expect(files.nextAt()).toBe(5_000)

    files.put(aState({ wakeAt: 7 }))

    expect(files.nextAt()).toBe(7)
    expect(files.takeDue(10_000, 10)).toHaveLength(1)
  })

  it('wait without a time until they are given one', () => {
    const files = new PendingFiles()
    files.put(aState({ wakeAt: 10 }))
    files.put(aState({ wakeAt: null }))
    expect(files.nextAt()).toBeNull()

    files.put(aState({ wakeAt: 40 }))

    expect(files.nextAt()).toBe(40)
  })

  it('are dropped when they are finished, and come back as new', () => {
    const files = new PendingFiles()
    files.put(aState({ wakeAt: 10 }))
    files.put(aState({ phase: 'complete' }))
    expect([files.count('default', 'uploading'), files.nextAt(), files.get('default', 'f1')]).toEqual([
      0,
      null,
      undefined,
    ])

    files.put(aState({ wakeAt: 15 }))

    expect(files.takeDue(20, 10)).toHaveLength(1)
  })

  it('are handed out in limited numbers, and kept apart by trigger', () => {
    const files = new PendingFiles()
    for (const trigger of ['a', 'b', 'c']) files.put(aState({ trigger, wakeAt: 1 }))

    expect(files.takeDue(1, 2)).toHaveLength(2)
    expect(files.takeDue(1, 2)).toHaveLength(1)
  })
})

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

  it('come directory by directory when many are due, by name, and a busy one holds up nobody', () => {
    const files = new PendingFiles()
    const put = (path: string, wakeAt: number) => files.put(aState({ fileId: path, path, wakeAt }))
    const take = (now: number) => files.takeDue(now, 2).map(({ path }) => path)
    for (const name of ['c', 'a', 'b']) {
      put(`early/${name}`, 1)
      put(`late/${name}`, 2)
    }

    expect(take(2)).toEqual(['early/a', 'early/b'])
    put('early/0', 3)
    expect(take(3)).toEqual(['early/c', 'late/a'])
    expect([take(3), take(3), take(3)]).toEqual([['late/b', 'late/c'], ['early/0'], []])
  })

  it('do not come up when they moved or went while they waited for their turn', () => {
    const files = new PendingFiles()
    for (const name of ['a', 'b', 'c', 'd']) files.put(aState({ fileId: name, path: name, wakeAt: 1 }))
    files.takeDue(1, 1)

    files.put(aState({ fileId: 'b', path: 'b', wakeAt: 9 }))
    files.put(aState({ fileId: 'c', path: 'c', phase: 'gone' }))

    expect(files.takeDue(5, 10).map(({ path }) => path)).toEqual(['d'])
    expect(files.nextAt()).toBe(9)
    expect(files.takeDue(9, 10).map(({ path }) => path)).toEqual(['b'])
  })
})

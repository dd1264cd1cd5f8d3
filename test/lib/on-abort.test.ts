import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { onAbort } from '../../src/lib/on-abort.ts'

test('all that wait are called when the signal aborts, but for those that have cancelled, once', () => {
  const [controller, called] = [new AbortController(), [] as string[]]
  const note = (name: string) => () => void called.push(name)
  onAbort(controller.signal, note('a'))
  const cancelB = onAbort(controller.signal, note('b'))
  onAbort(controller.signal, note('c'))
  cancelB()
  cancelB()
  controller.abort()
  controller.abort()
  expect(called).toEqual(['a', 'c'])
})

test('the same function waits as often as it was given', () => {
  const controller = new AbortController()
  let calls = 0
  const count = () => {
    calls += 1
  }
  onAbort(controller.signal, count)
  onAbort(controller.signal, count)()
  controller.abort()
  expect(calls).toBe(1)
})

test('who is called may cancel others, and itself', () => {
  const [controller, called] = [new AbortController(), [] as string[]]
  const cancelled: (() => void)[] = []
  const first = () => {
    called.push('first')
    for (const cancel of cancelled) cancel()
  }
  cancelled.push(onAbort(controller.signal, first))
  cancelled.push(onAbort(controller.signal, () => void called.push('second')))
  controller.abort()
  expect(called).toEqual(['first'])
})

test('however many wait are one listener of the signal, and none when the last has gone', () => {
  const { signal } = new AbortController()
  const listeners = () => getEventListeners(signal, 'abort').length
  const cancels = Array.from({ length: 64 }, () => onAbort(signal, () => {}))
  expect(listeners()).toBe(1)
  for (const cancel of cancels) cancel()
  expect(listeners()).toBe(0)
  onAbort(signal, () => {})
  expect(listeners()).toBe(1)
})

test('who comes while or after it aborts is not called', () => {
  const controller = new AbortController()
  let calls = 0
  const again = () => {
    calls += 1
    onAbort(controller.signal, again)
  }
  onAbort(controller.signal, again)
  controller.abort()
  onAbort(controller.signal, again)
  expect(calls).toBe(1)
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

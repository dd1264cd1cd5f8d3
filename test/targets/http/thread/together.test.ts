import { expect, it } from 'vitest'
import { Together } from '../../../../src/targets/http/thread/together.ts'

function collecting() {
  const sent: (readonly number[])[] = []
  return { sent, together: new Together<number>((numbers) => sent.push(numbers)) }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

it('sends together what comes in one turn, in its order', async () => {
  const { sent, together } = collecting()
  for (const number of [1, 2, 3]) together.add(number)
  expect(sent).toEqual([])

  await nextTurn()
  together.add(4)
  await nextTurn()

  expect(sent).toEqual([[1, 2, 3], [4]])
})

it('does not wait for the end of the turn with many', async () => {
  const { sent, together } = collecting()
  const numbers = Array.from({ length: 80 }, (_, index) => index)
  for (const number of numbers) together.add(number)
  expect(sent.map(({ length }) => length)).toEqual([32, 32])

  await nextTurn()

  expect(sent.flat()).toEqual(numbers)
})

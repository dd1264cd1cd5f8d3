import { describe, expect, it } from 'vitest'
import { classic } from '../../src/formats/classic.ts'
import { anEvent } from '../support/builders.ts'

describe('the classic body', () => {
  it('escapes as Python does', () => {
    const event = anEvent({ path: 'in/"é\\ 😀\u007f\n.txt', eventTime: Date.UTC(2019, 1, 7, 9, 51, 4, 347) })

    expect(classic(event)).toBe(
      '{"Key": "/Gamma/in/\\"\\u00e9\\\\ \\ud83d\\ude00\\u007f\\n.txt", "Records": [{"objectKey": "\\"\\u00e9\\\\ \\ud83d\\ude00\\u007f\\n.txt", ' +
        '"objectId": "f1", "eventTime": "2019-02-07T09:51:04.347000", "eventSource": "OneTrigger"}]}',
    )
  })
})

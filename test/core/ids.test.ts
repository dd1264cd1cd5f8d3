import { describe, expect, it } from 'vitest'
import { completeEventId, deliveryId } from '../../src/core/ids.ts'

describe('ids', () => {
  // Computed apart from this code, by Python's hashlib and base64 over the recipe of ADR 0002.
  it('are those of the recipe', () => {
    const id = completeEventId({ trigger: 'default', spaceId: 'space1', fileId: 'f1', size: 9, mtime: 1_767_225_600 })

    expect(id).toBe('evt_ga66bdmph7x4epjfhvs4h7hgrun67ros4fdgtcsm3bsiff3cnneq')
    expect(deliveryId(id, 'webhook')).toBe('dlv_mfrt5a6bf3t5kgzayskipyzft3wqa3e4ulfsqaxklanpa6wr3koq')
    expect(deliveryId(id, 'webhook', 1)).not.toBe(deliveryId(id, 'webhook'))
  })
})

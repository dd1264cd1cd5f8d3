import { describe, expect, it } from 'vitest'
import {
  currentInstanceTypes,
  gpuFamily,
  smallestGpuInstance,
  vcpusOf,
} from '../../../src/deploy/definition/instance-types.ts'

const small = { vcpus: 1, memory: 1_024 }

describe('instance types of 2019', () => {
  it.each([
    ['p2.xlarge', small, 'g4dn.xlarge'],
    // It had 61 GiB, of which this job takes more than the smallest successor has.
    ['p2.xlarge', { vcpus: 4, memory: 20_000 }, 'g4dn.2xlarge'],
    ['g3s.xlarge', { vcpus: 8, memory: 1_024 }, 'g4dn.2xlarge'],
    ['p2.8xlarge', small, 'g5.48xlarge'],
    ['p3.2xlarge', { vcpus: 4, memory: 40_000 }, 'g5.4xlarge'],
    ['p3dn.24xlarge', small, 'p4d.24xlarge'],
    ['g3', small, 'g4dn'],
  ])('%s for %j becomes %s, with a note', (type, demand, by) => {
    const { types, notes } = currentInstanceTypes([type], demand)

    expect(types).toEqual([by])
    expect(notes).toEqual([`${type} is of a generation that AWS no longer offers or supports: ${by} is used instead`])
  })

  it('of today stay, and what becomes the same stands once', () => {
    expect(currentInstanceTypes(['g5.xlarge', 'm5.large', 'optimal'], small)).toEqual({
      types: ['g5.xlarge', 'm5.large', 'optimal'],
      notes: [],
    })
    expect(currentInstanceTypes(['p2.xlarge', 'g2.2xlarge', 'g4dn.xlarge'], small).types).toEqual(['g4dn.xlarge'])
  })
})

describe('the smallest machine with a GPU', () => {
  it('leaves room for the system beside the job', () => {
    expect(smallestGpuInstance({ vcpus: 4, memory: 14_745 })).toBe('g4dn.xlarge')
    expect(smallestGpuInstance({ vcpus: 4, memory: 16_384 })).toBe('g4dn.2xlarge')
  })

  it('is the largest there is for a job that fits none', () => {
    expect(smallestGpuInstance({ vcpus: 4, memory: 1_000_000 })).toBe('g4dn.16xlarge')
  })
})

it.each([
  ['g4dn.xlarge', 'G', 4],
  ['g5.48xlarge', 'G', 192],
  ['vt1.3xlarge', 'G', 12],
  ['p3.2xlarge', 'P', 8],
  ['p4d.24xlarge', 'P', 96],
  ['g4dn', 'G', 4],
])('%s is counted by the quota of %s, with %i vCPUs', (type, family, vcpus) => {
  expect([gpuFamily(type), vcpusOf(type)]).toEqual([family, vcpus])
})

it.each(['m5.large', 'optimal', 'c6i.xlarge'])('%s has no GPU', (type) => {
  expect(gpuFamily(type)).toBeNull()
})

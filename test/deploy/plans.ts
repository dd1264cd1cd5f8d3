import type { JobPlan, Plan } from '../../src/deploy/plan.ts'

/** A plan of which only what a test is about has to be told. */
export function aPlan(overrides: Partial<Plan> = {}): Plan {
  return {
    name: 'onetrigger',
    everyMinutes: 1,
    timeoutS: 300,
    memory: 512,
    architecture: 'arm64',
    logRetentionDays: 30,
    alarmTopic: null,
    makesTable: true,
    code: null,
    needs: [],
    secrets: [],
    jobSecrets: [],
    job: null,
    ...overrides,
  }
}

/** A job that needs no more than a general machine. */
export function aJob(overrides: Partial<JobPlan> = {}): JobPlan {
  return {
    name: 'a-job',
    image: 'busybox',
    command: ['true'],
    environment: {},
    secretEnvironment: {},
    vcpus: 1,
    memory: 1_024,
    gpus: 0,
    minVcpus: 0,
    maxVcpus: 2,
    instanceTypes: ['optimal'],
    reads: [],
    writes: [],
    network: null,
    host: null,
    ...overrides,
  }
}

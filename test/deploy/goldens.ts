import { join } from 'node:path'
import type { Flags } from '../../src/config/given.ts'
import { root } from '../architecture/repository.ts'

const definition = (name: string) => join(root, `test/deploy/definitions/${name}.yaml`)

/** What there is a golden template of: its name, and the flags that make it. */
export const goldens = {
  'scar-3-environment': { dryRun: true, function: definition('scar-3-environment'), name: 'yolo' },
  'scar-3-variables': { dryRun: true, function: definition('scar-3-variables') },
  'draft-of-lists': { dryRun: true, function: definition('draft-of-lists') },
  'draft-of-storages': { dryRun: true, function: definition('draft-of-storages') },
  'scar-4.0': { dryRun: true, function: definition('scar-4.0') },
  'scar-4': { dryRun: true, function: definition('scar-4'), every: '5m', memory: '1024', timeout: '15m' },
  'scar-4-lambda': { dryRun: true, function: definition('scar-4-lambda') },
  oscar: { dryRun: true, function: definition('oscar') },
  slide: { dryRun: true, function: join(root, 'examples/aws/scar-yolo-video.yaml'), name: 'yolo-video' },
  'example-aws': { dryRun: true, config: join(root, 'examples/aws.yaml'), architecture: 'x86_64', logDays: '90' },
  secrets: {
    dryRun: true,
    config: join(root, 'test/deploy/configurations/secrets.yaml'),
    name: 'onetrigger-2',
    alarmTopic: 'arn:aws:sns:us-east-1:123456789012:people',
  },
  both: { dryRun: true, config: join(root, 'examples/aws.yaml'), function: definition('oscar') },
} as const satisfies Readonly<Record<string, Flags>>

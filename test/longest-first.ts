import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Tests of whole processes, and the properties that take longest. */
const long = /^test\/(?:e2e|lambda|completion|simulation|fuzz|cli)\/|^test\/store\/dynamodb/

/**
 * Starts with the files that take longest, so that none of them is alone at the end. Vitest takes the largest for the longest where it knows nothing of
 * earlier runs, and a test of processes is a small file.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => long.test(relative(this.ctx.config.root, moduleId))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

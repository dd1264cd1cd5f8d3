import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Small files that take long. Only these: what waits and what computes go on side by side where the others stay mixed. */
const long = /^test\/(?:e2e\/(?:crash\/crash|provider-versions|lambda-crashes|dynamodb)|fuzz\/fuzz)\.test\.ts$/

/**
 * Starts with files that take long, so that none of them is alone at the end. Vitest takes the largest for the longest where it knows nothing of
 * earlier runs, and a test of processes is a small file.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => long.test(relative(this.ctx.config.root, moduleId))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

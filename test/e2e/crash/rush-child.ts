// OneTrigger that has its requests made by the thread from the first on: node rush-child.ts run --config FILE
import './always-many.ts'

await import('../../../src/cli/main.ts')

export { batch } from './batch/index.ts'
export { eventbridge } from './eventbridge/index.ts'
export { lambda } from './lambda/index.ts'
export { webhook } from './webhook/index.ts'

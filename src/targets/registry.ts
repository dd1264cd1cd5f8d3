export { webhook } from './webhook/index.ts'

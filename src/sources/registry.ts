export { onedata } from './onedata/index.ts'

import { Rush } from '../../../src/targets/http/thread/rush.ts'

// Each request is one of many: the thread starts with the first, however busy the machine is.
Rush.prototype.isOn = () => true

import type { Source } from '../../core/source.ts'
import { defineSource } from '../define.ts'
import { listSpaces, resolveSpace } from './connect.ts'
import { ContentReader } from './content.ts'
import { onedataOptions } from './options.ts'
import { OnedataWatch } from './watch.ts'

/** Spaces of Onedata, watched on one provider (`host`), or on whichever the zone offers (`zone`). */
export const onedata = defineSource({
  type: 'onedata',
  options: onedataOptions,
  create: (options, deps): Source => {
    const content = new ContentReader(options, deps)
    return {
      listSpaces: (signal) => listSpaces(options, deps, signal),
      openSpace: async (space, signal) =>
        new OnedataWatch({ space: await resolveSpace(options, deps, space, signal), options, deps }),
      fileVersion: (file, signal) => content.version(file, signal),
      readContent: (file, range, signal) => content.read(file, range, signal),
      close: () => content.close(),
    }
  },
})

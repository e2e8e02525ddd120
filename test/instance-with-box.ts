import { after, before } from 'node:test'
import { Instance } from './instance.ts'

/**
 * An instance for all tests of a file, with the image `box`. It is stopped after the last of them, which fails when something is left over.
 * A file that has more to set up says so itself, in one hook: Node runs several at the same time.
 */
export function instanceWithBox(options: readonly string[] = []): Instance {
  const instance = new Instance(options)
  before(async () => {
    await instance.start()
    await instance.importBox()
  })
  after(() => instance.stop())
  return instance
}

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Instance } from './instance.ts'

/** Nothing listens there, so that no registry is reached; packages come over plain HTTP. */
const outage = { HTTPS_PROXY: 'http://127.0.0.1:1' }

/** An instance that reaches no registry, so that it makes images from Debian's packages. */
export class IsolatedInstance extends Instance {
  override async start(...options: string[]): Promise<void> {
    const { code, err } = await this.command('./galley', ['daemon', 'start', ...this.options, ...options], { env: outage })
    assert.equal(code, 0, err)
  }

  /** What was printed. Making an image takes its time when it was not made on this machine before. */
  readonly pulled = async (image: string): Promise<string> => {
    const { code, out, err } = await this.command('docker', ['pull', image], { timeout: 290_000 })
    assert.equal(code, 0, `${out}${err}`)
    return out
  }

  /** Whether a command in a container succeeds. */
  async succeeds(container: string, ...command: string[]): Promise<boolean> {
    return (await this.docker('exec', container, ...command)).code === 0
  }

  /**
   * Whether images were made on this machine before. What takes minutes to be made is skipped otherwise, as in a new machine's first run;
   * GALLEY_TEST_CATALOGUE=all makes it all the same.
   */
  async isAtHand(context: TestContext, ...images: string[]): Promise<boolean> {
    if (process.env['GALLEY_TEST_CATALOGUE'] === 'all') return true
    const { out } = await this.galley('images', 'catalogue', '--json')
    const entries = JSON.parse(out) as { repository: string; tags: string[]; made: boolean }[]
    const made = (image: string): boolean =>
      entries.some(({ repository, tags, made: there }) => there && tags.some((tag) => `${repository}:${tag}` === image))
    const missing = images.filter((image) => !made(image))
    if (missing.length > 0) context.skip(`making ${missing.join(', ')} here would take minutes; GALLEY_TEST_CATALOGUE=all does`)
    return missing.length === 0
  }
}

import type { Images } from '#engine/images/images.ts'
import type { Builder } from '../builder.ts'
import type { BuildRequest } from '../request.ts'
import { checkDockerfile, violation, type CheckOptions } from './check.ts'

/** The build argument that takes the place of a Dockerfile's own `# check=`. */
const argument = 'BUILDKIT_DOCKERFILE_CHECK'

/** How a build's Dockerfile is checked. */
export function checkOptions(images: Images, ignore: readonly string[], args: ReadonlyMap<string, string>): CheckOptions {
  return { ignore, directive: args.get(argument), variablesOf: (base) => variablesOf(images, base) }
}

/** Of an image that is here: none is brought for it. */
function variablesOf(images: Images, base: string): string[] | undefined {
  const image = images.find(base)
  return image && (image.config.config?.Env ?? []).map((entry) => entry.split('=', 1)[0] ?? '')
}

/** Tells what the rules find; throws `invalid` where the Dockerfile wants that to fail the build. */
export function check(
  { images }: Pick<Builder, 'images'>,
  { args, onProgress }: BuildRequest,
  { source, ignore }: { readonly source: { readonly name: string; readonly text: string }; readonly ignore: readonly string[] },
): void {
  const { findings, error } = checkDockerfile(source.text, checkOptions(images, ignore, args))
  for (const finding of findings) onProgress?.({ type: 'check', finding, source })
  if (error && findings.length > 0) throw violation(findings)
}

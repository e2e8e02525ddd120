import { familiarReference, withDefaultTag, type ImageReference } from '#base/image-reference.ts'
import { keepComposition, type Composition } from '#engine/images/composition.ts'
import type { Builder } from '../builder.ts'
import type { OnProgress } from '../progress.ts'

/** Gives an image that was built its names, and keeps what it goes elsewhere with: the last build of the same image decides. */
export async function nameImage(
  { images }: Pick<Builder, 'images'>,
  composition: Composition,
  { tags, emit }: { readonly tags: readonly ImageReference[]; readonly emit: OnProgress },
): Promise<void> {
  for (const { image } of composition.members) {
    emit({ type: 'built', id: image })
    await images.content.whileAdding(() => keepComposition(images, image, composition))
    images.emit('create', image, { name: image })
    for (const tag of tags) {
      await images.referAgain(tag, image)
      emit({ type: 'tagged', reference: familiarReference(withDefaultTag(tag)) })
    }
  }
}

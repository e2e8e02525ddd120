import { randomInt } from 'node:crypto'

const moods = [
  'brisk',
  'calm',
  'deft',
  'eager',
  'fair',
  'gentle',
  'hardy',
  'keen',
  'lively',
  'merry',
  'nimble',
  'proud',
  'quick',
  'steady',
  'sunny',
  'trim',
  'vivid',
  'wise',
]
const ships = [
  'barge',
  'brig',
  'canoe',
  'clipper',
  'cutter',
  'dhow',
  'dory',
  'ferry',
  'frigate',
  'galleon',
  'junk',
  'kayak',
  'ketch',
  'lugger',
  'schooner',
  'sloop',
  'tug',
  'yawl',
]

/** A name for a container that was given none, such as `brisk_ketch`. */
export function randomName(taken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${moods[randomInt(moods.length)]}_${ships[randomInt(ships.length)]}${attempt > 3 ? randomInt(10 ** Math.min(attempt - 3, 9)) : ''}`
    if (!taken(name)) return name
  }
}

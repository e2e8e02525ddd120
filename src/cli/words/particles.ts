/** The two forms of a particle: behind a final consonant, and behind a vowel. */
const forms: Readonly<Record<string, readonly [string, string]>> = {
  '은(는)': ['은', '는'],
  '이(가)': ['이', '가'],
  '을(를)': ['을', '를'],
  '과(와)': ['과', '와'],
  '(으)로': ['으로', '로'],
}

const pattern = /([\p{L}\p{N}])([^\p{L}\p{N}\s]*)(은\(는\)|이\(가\)|을\(를\)|과\(와\)|\(으\)로)/gu

/** Chooses the form of each particle by the sound before it; both stay behind a foreign letter, whose sound isn't known. */
export function withParticles(text: string): string {
  return text.replaceAll(pattern, (whole, last: string, between: string, both: string) => {
    const sound = finalSound(last)
    if (sound === undefined) return whole
    const [closed = '', open = ''] = forms[both] ?? []
    // 로 also stands behind ㄹ.
    const isClosed = sound === 'closed' || (sound === 'rieul' && both !== '(으)로')
    return `${last}${between}${isClosed ? closed : open}`
  })
}

const digits: Readonly<Record<string, 'open' | 'closed' | 'rieul'>> = {
  0: 'closed',
  1: 'rieul',
  2: 'open',
  3: 'closed',
  4: 'open',
  5: 'open',
  6: 'closed',
  7: 'rieul',
  8: 'rieul',
  9: 'open',
}

/** How a syllable or digit ends when it is read; Unicode 3.12: 28 syllables share a beginning, the first has no final consonant. */
function finalSound(char: string): 'open' | 'closed' | 'rieul' | undefined {
  const code = char.charCodeAt(0) - 0xac00
  if (code < 0 || code > 11_171) return digits[char]
  const final = code % 28
  return final === 0 ? 'open' : final === 8 ? 'rieul' : 'closed'
}

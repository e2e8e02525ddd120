import type { Line } from '#faces/galley/line.ts'
import { inWords, language } from '../words.ts'

/** What the daemon tells, in the reader's language. What programs print stays as it is. */
export function forReader(line: Line): Line {
  if (language() === 'en') return line
  switch (line.type) {
    case 'step':
      return { ...told(line), ...(line.detail !== undefined && { detail: inWords(line.detail) }) }
    case 'service':
      return { ...line, subject: inWords(line.subject), text: line.text.split('; ').map(inWords).join('; ') }
    case 'output':
    case 'switch':
      return { ...line, subject: inWords(line.subject) }
    case 'warning':
      return { ...line, text: line.ko ?? inWords(line.text) }
    case 'note':
      return { ...line, text: inWords(line.text) }
    case 'planned':
      return {
        ...line,
        subject: inWords(line.subject),
        action: line.action.split(', ').map(inWords).join(', '),
        why: line.why.map(inWords),
      }
    default:
      return line
  }
}

function told<Told extends { readonly subject: string; readonly status: string }>(line: Told): Told {
  return { ...line, subject: inWords(line.subject), status: inWords(line.status) }
}

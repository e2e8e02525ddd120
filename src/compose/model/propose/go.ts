import { beforeTheRest, expose, ignoring, lines, type Folder, type Proposal } from './proposal.ts'

/** The newest that images of Go had when this was written; it builds what asks for an older one. */
const newest = 24

/** A module whose program is at its top. */
export function go(folder: Folder): Proposal | undefined {
  const module = folder.read('go.mod')
  if (module === undefined) return undefined
  const sources = folder.names.filter((name) => name.endsWith('.go') && !name.endsWith('_test.go')).map((name) => folder.read(name) ?? '')
  if (!sources.some((text) => /^package main\b/m.test(text))) return undefined
  const asked = Number(/^go 1\.(\d+)/m.exec(module)?.[1] ?? 0)
  const sums = folder.names.includes('go.sum')
  return {
    what: 'a Go module (go.mod)',
    dockerfile: lines(
      '# The first stage builds; nothing of it but the program gets into the image.',
      `FROM golang:1.${Math.max(asked, newest)} AS build`,
      'WORKDIR /src',
      ...(sums ? [beforeTheRest, 'COPY go.mod go.sum ./', 'RUN go mod download'] : []),
      'COPY . .',
      '# Without C libraries, as the other image has others.',
      'RUN CGO_ENABLED=0 go build -o /program .',
      '',
      'FROM alpine:3.22',
      'COPY --from=build /program /usr/local/bin/program',
      'USER nobody',
      expose(portIn(sources)),
      'CMD ["program"]',
    ),
    dockerignore: ignoring('*_test.go'),
  }
}

/** Of the first address that is written as `:8080` or `0.0.0.0:8080`. */
function portIn(sources: readonly string[]): string | undefined {
  return sources.flatMap((text) => /["'`][\w.]*:(\d{2,5})["'`]/.exec(text)?.[1] ?? [])[0]
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowsText } from './rows.ts'

interface Row {
  readonly Name: string
  readonly Status: string
  readonly ExitCode: number
  readonly Publishers: readonly { readonly URL: string; readonly TargetPort: number }[]
}

const rows: readonly Row[] = [
  { Name: 'web', Status: 'Up 3 seconds (healthy)', ExitCode: 0, Publishers: [{ URL: '0.0.0.0', TargetPort: 80 }] },
  { Name: 'a-longer-name', Status: '', ExitCode: 3, Publishers: [] },
]
const heads = { Name: 'NAME', Status: 'STATUS' }
const labels: Readonly<Record<string, string>> = { 'a.b-c': 'x,y' }

const filled = (format: string): string =>
  rowsText(rows, format, {
    heads,
    fieldsOf: (row) => ({ ...row, Label: (name) => labels[String(name)] ?? '' }),
    named: { raw: 'name: {{.Name}}' },
  })

/** What each of the rows gives. */
const each = (template: string): string[] => filled(template).slice(0, -1).split('\n')

test('fields, functions and pipelines', () => {
  assert.deepEqual(each('{{.Name}}={{.ExitCode}}'), ['web=0', 'a-longer-name=3'])
  assert.deepEqual(each('{{ .Name | upper | printf "%-5s|%q" "x" }}'), ['x    |"WEB"', 'x    |"A-LONGER-NAME"'])
  assert.deepEqual(each('{{json .Publishers}}{{.Publishers}}'), ['[{"URL":"0.0.0.0","TargetPort":80}][{0.0.0.0 80}]', '[][]'])
  assert.deepEqual(each('{{.Label "a.b-c"}}{{.Label "none"}}'), ['x,y', 'x,y'])
  assert.deepEqual(each('{{join (split .Name "-") "+"}} {{title .Name}} {{truncate .Name 2}}{{pad .Status 1 1}}|{{len .Name}}'), [
    'web Web we Up 3 seconds (healthy) |3',
    'a+longer+name A-Longer-Name a-|13',
  ])
  assert.deepEqual(each('{{index (split .Name "-") 0}} {{println 1 "b"}}'), ['web 1 b', '', 'a 1 b', ''])
})

test('questions, loops and variables', () => {
  const question = '{{if eq .ExitCode 0 1}}ok{{else if and (gt .ExitCode 2) (not .Status)}}bad{{else}}other{{end}}'
  assert.deepEqual(each(question), ['ok', 'bad'])
  assert.deepEqual(each('{{range $i, $p := .Publishers}}{{$i}}:{{$p.TargetPort}}/{{$.Name}}{{else}}none{{end}}'), ['0:80/web', 'none'])
  assert.deepEqual(each('{{with .Status}}{{.}}{{else}}{{.Name}}{{end}}'), ['Up 3 seconds (healthy)', 'a-longer-name'])
  assert.deepEqual(each('{{$n := .Name}}{{range .Publishers}}{{$n = .URL}}{{end}}{{$n}}'), ['0.0.0.0', 'a-longer-name'])
})

test('spaces that are trimmed, comments, and what stands for a tab', () => {
  assert.deepEqual(each('  {{- .Name -}}  {{/* nothing */}} x {{"{{"}} {{`a}}b`}}  '), ['web x {{ a}}b', 'a-longer-name x {{ a}}b'])
  assert.deepEqual(each(String.raw`{{.Name}}\t{{.ExitCode}}`), ['web\t0', 'a-longer-name\t3'])
  assert.equal(filled('raw'), 'name: web\nname: a-longer-name\n')
})

test('a table has heads and columns', () => {
  assert.equal(
    filled(String.raw`table {{.Name}}\t{{.ExitCode}}\t{{upper .Status}}\t{{.Label "a.b-c"}}`),
    `NAME            <no value>   STATUS                   b c
web             0            UP 3 SECONDS (HEALTHY)   x,y
a-longer-name   3                                     x,y
`,
  )
})

test('what is no template, or asks for what there isn’t, is said', () => {
  for (const [format, problem] of [
    ['{{.Nmae}}', /can't evaluate field Nmae/],
    ['{{nothing .Name}}', /function "nothing" not defined/],
    ['{{.Name', /unclosed action/],
    ['{{if .Name}}x', /unexpected EOF/],
    ['x{{end}}', /unexpected \{\{end\}\}/],
    ['{{$x}}', /undefined variable "\$x"/],
    ['{{template "x"}}', /\{\{template\}\} is not implemented by Galley/],
    ['{{(.Name}}', /unclosed left paren/],
    ['{{.Name | }}', /missing value for command/],
    ['{{#}}', /unexpected "#"/],
    ['{{split .ExitCode ","}}', /wrong type of an argument of split/],
  ] as const)
    assert.throws(() => filled(format), problem, format)
})

/**
 * What each shell reads to complete `galley`: it hands the line up to the cursor to `galley completion words`, which answers a candidate
 * a line, with a description behind a tab. Where there is none, the shell completes files.
 */
export const scripts = {
  bash: `# Completion of galley for bash; in your own directory: galley completion bash >~/.local/share/bash-completion/completions/galley
_galley() {
  local line=\${COMP_LINE:0:COMP_POINT} word
  word=\${line##* }
  mapfile -t COMPREPLY < <("$1" completion words "$line" 2>/dev/null)
  COMPREPLY=("\${COMPREPLY[@]%%$'\\t'*}")
  # bash begins a new word behind a colon and an equals sign.
  COMPREPLY=("\${COMPREPLY[@]#"\${word%"\${word##*[:=]}"}"}")
  if [[ \${COMPREPLY[0]-} == *[=:] ]]; then compopt -o nospace; fi
}
complete -o default -F _galley galley
`,
  zsh: `#compdef galley
# Completion of galley for zsh; in your own directory: galley completion zsh >DIRECTORY-OF-FPATH/_galley
_galley() {
  local -a told names
  local line
  told=("\${(@f)$(\${words[1]} completion words "\${LBUFFER}" 2>/dev/null)}")
  told=(\${told:#})
  if (( \${#told} == 0 )); then
    _files
    return
  fi
  for line in $told; do names+=("\${line%%$'\\t'*}"); done
  if [[ \${names[1]} == *[=:] ]]; then
    compadd -S '' -a names
  else
    compadd -l -d "(\${(j: :)\${(@q)told//$'\\t'/  }})" -a names 2>/dev/null || compadd -a names
  fi
}
if [[ $funcstack[1] == _galley ]]; then _galley "$@"; else compdef _galley galley; fi
`,
  fish: `# Completion of galley for fish; in your own directory: galley completion fish >~/.config/fish/completions/galley.fish
function __galley_words
    set -l program (commandline -opc)[1]
    $program completion words (commandline -cp) 2>/dev/null
end
complete -c galley -f -n 'test (count (__galley_words)) -gt 0' -a '(__galley_words)'
`,
} as const satisfies Readonly<Record<string, string>>

export type Shell = keyof typeof scripts

/** Where a shell looks for what comes with programs, below a prefix such as `/usr/local`. */
export const placeOf: Readonly<Record<Shell, string>> = {
  bash: 'share/bash-completion/completions/galley',
  zsh: 'share/zsh/site-functions/_galley',
  fish: 'share/fish/vendor_completions.d/galley.fish',
}

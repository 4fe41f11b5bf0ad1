/** What a shell reads once: it asks `ferrolb __complete` for everything else, so a new flag needs no new script. */
export type Shell = "bash" | "zsh" | "fish";
export const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

const BASH = `# bash completion for ferrolb: source <(ferrolb completion bash)
_ferrolb() {
  local line first=yes
  local cur=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$first" = yes ] && [ "$line" = ":files" ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
      return
    fi
    first=no
    COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _ferrolb ferrolb
`;

const ZSH = `#compdef ferrolb
# zsh completion for ferrolb: source <(ferrolb completion zsh), or a file _ferrolb in $fpath
_ferrolb() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == ":files" ]]; then
    _files
  elif [[ -n "\${found[1]}" ]]; then
    compadd -- "\${found[@]}"
  fi
}
if [[ "\${funcstack[1]}" == "_ferrolb" ]]; then _ferrolb "$@"; else compdef _ferrolb ferrolb; fi
`;

const FISH = `# fish completion for ferrolb: ferrolb completion fish | source
function __ferrolb_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
    if test "$found[1]" = ":files"
        __fish_complete_path "$current"
    else
        string join \\n -- $found
    end
end
complete -c ferrolb -f -a "(__ferrolb_complete)"
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

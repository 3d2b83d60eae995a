# For bash, and for zsh with bashcompinit; chainctl fills in what can come next.
_chainctl_words() {
  case "$1" in
WORDS
*) return 1 ;;
  esac
}
_chainctl() {
  local cur="${COMP_WORDS[COMP_CWORD]}" before=$((COMP_CWORD - 1)) key= word next words
  if [[ $cur == = ]]; then cur=; elif [[ ${COMP_WORDS[before]} == = ]]; then before=$((before - 1)); fi
  for word in "${COMP_WORDS[@]:1:$before}"; do
    next="${key:+$key }$word"
    if [[ $word == -* ]] || ! _chainctl_words "$next" >/dev/null; then break; fi
    key=$next
  done
  if [[ ${COMP_WORDS[before]} != --* ]] || ! words=$(_chainctl_words "$key ${COMP_WORDS[before]}"); then
    words=$(_chainctl_words "$key")
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _chainctl chainctl

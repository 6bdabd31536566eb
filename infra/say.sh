# How the scripts of this folder speak and run commands; read by them with `.`, no program of its
# own. With DRY_RUN set, commands are printed, one a line and fit to be pasted, and none is run;
# what is said becomes a comment, so that the whole is a script.
# shellcheck shell=sh

say() {
  printf '%s\n' "${DRY_RUN:+# }$*"
}

complain() {
  printf '%s\n' "$*" >&2
}

# One command as a person would type it.
show() {
  for word in "$@"; do
    case $word in
      *\'*[\"\$\`\\!]* | *[\"\$\`\\!]*\'*)
        printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" ;;
      *\'*) printf '"%s" ' "$word" ;;
      '' | *[!A-Za-z0-9_./:=@%+,-]*) printf "'%s' " "$word" ;;
      *) printf '%s ' "$word" ;;
    esac
  done | sed 's/ $//'
  echo
}

run() {
  if [ -n "${DRY_RUN-}" ]; then
    show "$@"
  else
    "$@"
  fi
}

# answer NAME COMMAND…: runs the command and keeps what it prints in the variable NAME. A dry run
# puts '<NAME>' there, which the commands that follow then show.
answer() {
  answer_to=$1
  shift
  if [ -n "${DRY_RUN-}" ]; then
    show "$@"
    eval "$answer_to='<$answer_to>'"
  else
    # shellcheck disable=SC2034 # eval reads it
    answer_text=$("$@") || return
    eval "$answer_to=\$answer_text"
  fi
}

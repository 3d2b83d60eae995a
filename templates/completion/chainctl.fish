# For fish; chainctl fills in what can come next.
function __chainctl_words
switch "$argv[1]"
WORDS
case '*'
return 1
end
return 0
end
function __chainctl_next
  set -l typed (commandline -opc)
  set -l key ''
  for word in $typed[2..]
    set -l next (string trim "$key $word")
    if string match -q -- '-*' $word; or not __chainctl_words $next >/dev/null
      break
    end
    set key $next
  end
  if string match -q -- '--*' $typed[-1]; and __chainctl_words "$key $typed[-1]"
    return
  end
  __chainctl_words "$key"
end
complete -c chainctl -f -a '(__chainctl_next)'

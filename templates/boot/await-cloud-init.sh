# Waits for cloud-init, up to $1 seconds. The last line of the output is its exit code (124: the time is over), or
# "absent"; what it complains of stands before.
command -v cloud-init >/dev/null 2>&1 || { echo absent; exit 0; }
# The command starts Python, and looks four times a second; what it looks at are these files.
result=/run/cloud-init/result.json
tries=0
while [ -e /run/cloud-init/status.json ] && [ ! -e "$result" ] && [ "$tries" -lt $(($1 * 10)) ]; do
  sleep 0.1
  tries=$((tries + 1))
done
compact() { tr -d " \n" 2>/dev/null <"$1"; }
# What it got over stands in the other one only; a deprecation is nothing to tell.
if compact "$result" | grep -Fq '"errors":[]' &&
  ! compact /run/cloud-init/status.json | grep -Eq '"(WARNING|ERROR|CRITICAL)":\["'; then
  echo 0
  exit 0
fi
# A machine where it is off has none of them.
timeout "$1" cloud-init status --wait >/dev/null 2>&1
code=$?
[ "$code" = 0 ] || cloud-init status --long 2>/dev/null | tail -n 5
echo "$code"

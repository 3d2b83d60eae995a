#!/bin/sh
# Brings service {{NAME}} up on a VM of a group, at every boot, from what the VM's metadata says: nobody pushes anything to a
# VM that an autoscaler has made. On a public image it is the startup script, and everything comes with the metadata or
# is downloaded; on a baked image it is a unit (chainctl-serve.service), and only the settings come with the metadata.
# Every step finds out for itself what is there already. What it says goes to the serial console, where a deploy reads it.
set -u
umask 077

metadata=http://metadata.google.internal/computeMetadata/v1/instance
folder=/opt/chainctl/service-{{name}}
current=$folder/current
project=chainctl-service-{{name}}
port={{port}}
# Loading a large model from a new disk takes minutes.
health_seconds=900
started=$(date +%s)
doing='beginning'

say() { echo "chainctl-boot: $*"; }
stage() {
  doing=$1
  say "stage: $1"
}
fail() {
  say "failed: $doing: $*"
  exit 1
}

# Of two that run at once the second waits, and finds everything done.
exec 9>/run/chainctl-serve.lock
command -v flock >/dev/null 2>&1 && flock 9
work=$(mktemp -d) || fail 'there is no room for a temporary folder'
trap 'rm -rf "$work"' EXIT

# Writes the metadata at a path to a file; false where there is none.
fetch() {
  tries=0
  while :; do
    code=$(curl -s --max-time 20 -o "$2" -w '%{http_code}' -H 'Metadata-Flavor: Google' "$metadata/$1")
    case $code in
      200) return 0 ;;
      404)
        rm -f "$2"
        return 1
        ;;
    esac
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail "the metadata server does not answer (HTTP status $code)"
    sleep 1
  done
}
attribute() { fetch "attributes/chainctl-$1" "$2"; }
needed() { attribute "$1" "$2" || fail "the metadata has no chainctl-$1"; }
setting() { sed -n "s/^$1=//p" "$current/compose.env"; }
compose() {
  if docker compose version >/dev/null 2>&1; then set -- docker compose "$@"; else set -- docker-compose "$@"; fi
  "$@"
}
up() {
  # Alone: what it depends on was seen to work, and waiting for the next health check of it takes seconds.
  (cd "$current" && compose -p "$project" --env-file compose.env -f compose.yaml up -d --no-deps "$1") >"$work/up" 2>&1 ||
    fail "$(tail -n 1 "$work/up")"
}
healthy() { curl -s --fail --max-time 5 -o "$work/health" "http://127.0.0.1:$port/health"; }
ready() {
  say "ready: after $(($(date +%s) - started)) s"
  exit 0
}
container() {
  docker ps -aq --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1" | head -n 1
}
# The end of a container's log, as a person needs it who sees nothing but the console.
show_log() { docker logs --tail 15 "$(container "$1")" 2>&1 | cut -c 1-300 | while IFS= read -r line; do say "log: $line"; done; }
# Whether what a registry says will be the same the next time.
never() {
  grep -qiE 'manifest unknown|no matching manifest|repository does not exist|invalid reference format|file does not exist|invalid model name' "$1"
}
pull() {
  docker image inspect "$1" >/dev/null 2>&1 && return
  say "pulling $1"
  tries=0
  until docker pull -q "$1" >"$work/pull" 2>&1; do
    tries=$((tries + 1))
    ! never "$work/pull" && [ "$tries" -lt 5 ] || fail "$1 could not be pulled: $(tail -n 1 "$work/pull")"
    say "again: $(tail -n 1 "$work/pull")"
    sleep $((tries * 3))
  done
}

stage 'reading the metadata'
command -v curl >/dev/null 2>&1 || fail 'this image has no curl'
# A builder has nothing to serve.
attribute hash "$work/hash" || {
  say 'nothing to do: the metadata names no release'
  exit 0
}
hash=$(cat "$work/hash")
needed model "$work/model"
model=$(cat "$work/model")

# What a container could read there is more than it has to know: the token, and this machine's host key. Before
# containers start, and in the table that is asked before any address is rewritten. Name service is another port.
rule='PREROUTING -d 169.254.169.254/32 -p tcp --dport 80 -j DROP'
# shellcheck disable=SC2086
iptables -w -t raw -C $rule 2>/dev/null || iptables -w -t raw -I $rule || say 'note: containers can read the metadata of this VM'

stage 'looking for Docker'
install=$work/install-docker
attribute install-docker "$install" || install=/usr/local/sbin/chainctl-install-docker
tries=0
while :; do
  sh "$install" </dev/null >"$work/install" 2>&1
  code=$?
  [ "$code" -ne 0 ] || break
  tries=$((tries + 1))
  # 10: the package archive did not answer, which may pass.
  if [ "$code" -ne 10 ] || [ "$tries" -ge 5 ]; then
    tail -n 15 "$work/install" | while IFS= read -r line; do say "log: $line"; done
    fail "Docker could not be installed: $(tail -n 1 "$work/install")"
  fi
  say "again: $(tail -n 1 "$work/install")"
  sleep $((tries * 5))
done

stage 'writing the release'
baked=
if attribute release "$work/release"; then
  target=$folder/releases/$hash
  if ! [ -d "$target" ]; then
    rm -rf "$target.new"
    mkdir -p "$target.new"
    base64 -d "$work/release" | tar -xzf - -C "$target.new" --no-same-owner || fail 'the release cannot be unpacked'
    mv "$target.new" "$target"
  fi
else
  target=$(readlink -f "$current") && [ -f "$target/compose.yaml" ] || fail 'neither the metadata nor the image has a release'
  baked=yes
fi
for name in compose service; do needed "$name-env" "$work/$name.env"; done
# Answers say by it which machine they came from, and the group knows the machine by the same name.
fetch name "$work/name" || hostname >"$work/name"
echo "MACHINE_NAME=$(cat "$work/name")" >>"$work/compose.env"
attribute token "$work/token" || : >"$work/token"
# The service, which is not root, reads it through a mount; nobody else can enter the folder above.
chmod 444 "$work/token"
for name in compose.env service.env token; do
  cp -p "$work/$name" "$target/$name.new" || fail 'the disk is full'
  mv -f "$target/$name.new" "$target/$name"
done
ln -sfn "$target" "$current.new" && mv -fT "$current.new" "$current" || fail 'the release could not be made the current one'

stage 'building the image'
image=$(setting SERVICE_IMAGE)
if ! docker image inspect "$image" >/dev/null 2>&1; then
  for base in $(sed -n 's/^FROM[[:space:]]*\([^[:space:]]*\).*/\1/p' "$target/build/Dockerfile"); do pull "$base"; done
  docker build --network=none --label "chainctl.stack=$(setting STACK)" --label chainctl.service={{name}} -t "$image" \
    "$target/build" >"$work/build" 2>&1 || fail "$(tail -n 1 "$work/build")"
fi

{{engine}}

stage 'starting the service'
up service

stage 'waiting until the model is loaded'
until healthy; do
  if [ $(($(date +%s) - started)) -gt "$health_seconds" ]; then
    show_log service
    fail "the service does not get ready: $(curl -s --max-time 5 "http://127.0.0.1:$port/health" | cut -c 1-300)"
  fi
  sleep 0.5
done
ready

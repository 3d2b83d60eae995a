#!/bin/sh
# Sees that Docker and Compose are there, run, and come back after a reboot. Installs only what is missing, from the
# system's own packages. Waits for other package managers (a fresh VM updates itself). Exit code 10 says that packages
# could not be installed, which another try may mend.
set -u
export DEBIAN_FRONTEND=noninteractive

has_compose() { docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1; }
# Error-Mode: a list that could not be fetched is a failure, and not only a warning.
apt() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o APT::Update::Error-Mode=any "$@"; }
# The first of these packages that the system knows.
first_known() {
  for name; do
    if apt-cache show "$name" >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
}

installed=
if ! command -v docker >/dev/null 2>&1 || ! has_compose; then
  installed=yes
  if command -v apt-get >/dev/null 2>&1; then
    echo 'installing Docker and Compose with apt-get'
    # A run that was cut off may have left packages half configured.
    dpkg --configure -a
    # Another run may hold the lists' lock, for which apt-get update has no timeout.
    tries=0
    until apt update; do
      tries=$((tries + 1))
      [ "$tries" -lt 5 ] || break
      sleep 5
    done
    command -v docker >/dev/null 2>&1 || apt install -y --no-install-recommends docker.io || exit 10
    if ! has_compose; then
      package=$(first_known docker-compose-v2 docker-compose-plugin docker-compose)
      [ -n "$package" ] || {
        echo 'no package with Compose is known: the package lists may be incomplete' >&2
        exit 10
      }
      apt install -y --no-install-recommends "$package" || exit 10
    fi
  elif command -v dnf >/dev/null 2>&1 || command -v yum >/dev/null 2>&1; then
    manager=$(command -v dnf || command -v yum)
    echo "installing Docker and Compose with ${manager##*/}"
    command -v docker >/dev/null 2>&1 || "$manager" install -y -q docker || "$manager" install -y -q moby-engine || exit 10
    has_compose || "$manager" install -y -q docker-compose-plugin || "$manager" install -y -q docker-compose || {
      echo 'this system has no package with Compose (Amazon Linux 2023 has none): use an image that brings it' >&2
      exit 1
    }
  else
    echo 'this system has neither apt-get nor dnf nor yum: install Docker and Compose by hand' >&2
    exit 1
  fi
fi

command -v docker >/dev/null 2>&1 || {
  echo 'the packages are installed, but there is no docker command' >&2
  exit 1
}
if command -v systemctl >/dev/null 2>&1; then
  # Enabling again what is enabled takes half a second.
  { systemctl is-enabled --quiet docker && systemctl is-active --quiet docker; } || systemctl enable --now docker || exit 1
fi
tries=0
until docker info >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo 'the Docker daemon does not answer:' >&2
    docker info 2>&1 | tail -n 3 >&2
    command -v journalctl >/dev/null 2>&1 && journalctl -u docker -n 10 --no-pager -o cat >&2
    exit 1
  fi
  sleep 1
done
[ -z "$installed" ] || has_compose || {
  echo 'Docker is there, but Compose is not' >&2
  exit 1
}

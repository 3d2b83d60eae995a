#!/bin/sh
# Dead man's switch: powers this machine off at a fixed moment, whatever became of the machine that deployed it.
# The moment is written down at the first boot and only read after that: a reboot arms the same deadline again and does
# not begin a new one. Usage: chainctl-deadline MINUTES
set -eu
file=/var/lib/chainctl/deadline
now=$(date +%s)
at=$((now + $1 * 60))
if ! [ -s "$file" ]; then
  # A disk that is full keeps no machine running: the deadline is then one from this boot.
  { mkdir -p "${file%/*}" && echo "$at" >"$file.new" && mv "$file.new" "$file"; } || rm -f "$file.new"
  sync
fi
! [ -s "$file" ] || at=$(cat "$file")
# Rounded up to the next minute; one that passed while the machine was off leaves time to look.
left=$(((at - now + 59) / 60))
[ "$left" -ge 1 ] || left=1
# shutdown needs logind; where that is missing, a timer of systemd does the same.
shutdown -P "+$left" 'chainctl: the time to live of this machine is over' ||
  systemd-run --on-active="${left}min" --timer-property=AccuracySec=1s --unit=chainctl-poweroff systemctl poweroff

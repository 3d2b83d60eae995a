#!/bin/sh
# Makes the disk of a builder VM the disk of any VM: what is left is Docker, the images, the model, the release without
# its settings, and the unit that starts it. What lets somebody in goes last, after cloud-init has forgotten this
# machine: cut off anywhere, the builder lets chainctl in again after its next boot.
set -eu
project=chainctl-service-{{name}}
folder=/opt/chainctl/service-{{name}}
label=label=com.docker.compose.project=$project

# A container that is there starts by itself at the next boot, with the settings of this machine.
docker ps -q --filter "$label" | xargs -r docker stop -t 40 >/dev/null
docker ps -aq --filter "$label" | xargs -r docker rm -f >/dev/null
docker network ls -q --filter "$label" | xargs -r docker network rm >/dev/null
# The requests of the health gate; the models stay.
docker volume rm -f "${project}_logs" >/dev/null

target=$(readlink -f "$folder/current")
rm -f "$target/compose.env" "$target/service.env" "$target/token" "$folder/manifest.json"
find "$folder/releases" -mindepth 1 -maxdepth 1 ! -path "$target" -exec rm -rf {} +
rm -rf /opt/chainctl/stacks /var/lib/chainctl

systemctl daemon-reload
systemctl enable --quiet chainctl-serve.service

cloud-init clean --logs
rm -f /etc/docker/key.json /var/lib/systemd/random-seed /etc/sudoers.d/90-cloud-init-users
find /tmp /var/tmp -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' -exec rm -rf {} +
if command -v journalctl >/dev/null 2>&1; then
  journalctl --rotate >/dev/null 2>&1 || true
  journalctl --vacuum-time=1s >/dev/null 2>&1 || true
fi
find /var/log -type f -exec truncate -s 0 {} +
: >/etc/machine-id
[ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id

getent passwd | cut -d: -f6 | sort -u | while IFS= read -r home; do
  rm -f "$home/.ssh/authorized_keys" "$home/.ssh/known_hosts" "$home/.bash_history"
done
rm -f /etc/ssh/ssh_host_*
sync

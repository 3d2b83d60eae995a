#!/bin/bash
# Process 1 of a lab VM before systemd. What the container shares with the machine must stay as it is.

# The kernel's settings are the machine's: systemd raises fs.file-max and sets fs.protected_*. Only the network's,
# which belong to the container, stay writable.
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys

# systemd and Docker make control groups below the container's own.
mount -o remount,rw /sys 2>/dev/null
mount -o remount,bind,rw /sys/fs/cgroup
for hierarchy in /sys/fs/cgroup/*/; do mount -o remount,bind,rw "$hierarchy" 2>/dev/null; done

# Nothing leaves the machine: no way out, and names fail at once instead of after a time-out.
ip route replace unreachable default
echo 'nameserver 127.0.0.1' > /etc/resolv.conf

exec /sbin/init --log-target=console --show-status=1

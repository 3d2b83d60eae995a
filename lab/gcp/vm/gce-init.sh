#!/bin/bash
# Process 1 of a lab VM that plays a Compute Engine instance, before what every lab VM does.

# The metadata server answers on the machine's side of the network; here it has the address that programs expect.
metadata=169.254.169.254
ip route replace "$metadata" via "$LAB_GATEWAY"
for chain in OUTPUT PREROUTING; do
  iptables -t nat -A "$chain" -d "$metadata" -p tcp --dport 80 -j DNAT --to-destination "$LAB_GATEWAY:80"
done

# A disk made from another machine's must not make this one the same machine.
if [ "$(cat /var/lib/lab-instance 2>/dev/null)" != "$LAB_INSTANCE" ]; then
  : > /etc/machine-id
  echo "$LAB_INSTANCE" > /var/lib/lab-instance
fi

exec /bin/bash /init.sh

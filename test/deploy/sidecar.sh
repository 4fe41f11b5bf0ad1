#!/bin/bash
# The FRR container without a container runtime: sidecar.sh ROOT CAPABILITIES COMMAND...
#
# Runs in a mount, network and process namespace of its own (unshare -m -n -p -f --mount-proc). ROOT is read-only but for the
# volumes of the Pod; the init container and the FRR container's command run as root in the groups frr and frrvty with
# CAPABILITIES (`,+net_raw`, empty for none) at most. Once FRR answers or has failed to start, COMMAND runs with the same, or
# with COMMAND_CAPABILITIES, as the speaker's container would. MANIFESTS, a directory, is at /mnt/manifests there.
set -u
root=$1 caps=$2
shift 2
here=$(cd "$(dirname "$0")/../.." && pwd)
mount --make-rprivate /
mkdir -p "$root/run/frr" "$root/var/lib/frr" # a container runtime makes what it mounts on
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
for dir in etc/frr run/frr var/lib/frr var/tmp var/log mnt tmp; do
  mount -t tmpfs -o mode=777 tmpfs "$root/$dir"
done
mkdir -m 777 "$root/var/tmp/frr" "$root/mnt/libexec" "$root/mnt/frr-startup"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp "$here"/deploy/frr-startup/* "$root/mnt/frr-startup"
for script in frr-files frr-start frr-alive; do
  sed 's#/frr-startup/#/mnt/frr-startup/#' "$here/deploy/image/libexec/$script" >"$root/mnt/libexec/$script"
  chmod 755 "$root/mnt/libexec/$script"
done
[ -z "${MANIFESTS:-}" ] || cp -r "$here/$MANIFESTS" "$root/mnt/manifests"
ip link set lo up
ip link add eth0 type veth peer name eth1
ip addr add 198.51.100.11/24 dev eth0
ip link set eth0 up
ip link set eth1 up

gid() { awk -F: -v name="$1" '$1 == name { print $3 }' "$root/etc/group"; }
groups=0,$(gid frr),$(gid frrvty)
as() { # CAPABILITIES COMMAND...: a container's process
  local bounding="-all$1"
  shift
  chroot "$root" setpriv --reuid 0 --regid 0 --groups "$groups" --bounding-set "$bounding" \
    --inh-caps=-all --no-new-privs "$@"
}
as "" /mnt/libexec/frr-files || echo "frr-files failed"
as "$caps" /mnt/libexec/frr-start >/tmp/frr.$$ 2>&1 &
for _ in $(seq 300); do
  ! grep -qE 'Failed to start' /tmp/frr.$$ || break
  ! as "" /mnt/libexec/frr-alive >/dev/null 2>&1 || break
  sleep 0.2
done
as "" /mnt/libexec/frr-alive && echo ALIVE
if [ $# -gt 0 ]; then as "${COMMAND_CAPABILITIES-$caps}" sh -c "$*"; fi
cat /tmp/frr.$$
rm -f /tmp/frr.$$

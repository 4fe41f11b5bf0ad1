#!/usr/bin/env bash
# Removes what ./up.sh made: routers, client, cluster, bridges.
set -uo pipefail
cd "$(dirname "$0")" || exit 3

containerlab destroy --topo ferrolb.clab.yaml --cleanup
kind delete cluster --name ferrolb
for bridge in lan wan; do
  ! ip link show "$bridge" >/dev/null 2>&1 || ip link delete "$bridge"
done

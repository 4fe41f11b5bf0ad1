#!/usr/bin/env bash
# Starts the kind cluster, the routers and the client, puts the nodes on the routers' network, and installs FerroLB from
# ./install, with images built from this checkout.
# Needs Docker, kind, kubectl and containerlab; `./down.sh` removes all of it.
set -euo pipefail
cd "$(dirname "$0")"

for tool in docker kind kubectl containerlab ip nsenter; do
  command -v "$tool" >/dev/null || {
    printf 'up: %s is missing: see README.md for what this needs\n' "$tool" >&2
    exit 3
  }
done
[ "$(id -u)" = 0 ] || {
  printf 'up: bridges and interfaces need root: run it with sudo\n' >&2
  exit 3
}

echo "up: bridges lan and wan"
for bridge in lan wan; do
  ip link show "$bridge" >/dev/null 2>&1 || ip link add "$bridge" type bridge
  ip link set "$bridge" up
done

echo "up: kind cluster"
kind get clusters | grep -qx ferrolb || kind create cluster --config kind.yaml

echo "up: the nodes join lan as n1, n2, n3 of the manifests"
mapfile -t nodes < <(kind get nodes --name ferrolb | sort)
number=11
for node in "${nodes[@]}"; do
  pid=$(docker inspect --format '{{.State.Pid}}' "$node")
  in_node=(nsenter --target "$pid" --net)
  if ! "${in_node[@]}" ip link show lan0 >/dev/null 2>&1; then
    ip link add "lan-n$number" type veth peer name lan0 netns "$pid"
    ip link set "lan-n$number" master lan up
    "${in_node[@]}" ip addr add "198.51.100.$number/24" dev lan0
    "${in_node[@]}" ip -6 addr add "2001:db8:0:1::$number/64" dev lan0 nodad
    "${in_node[@]}" ip link set lan0 up
    "${in_node[@]}" ip route add 192.0.2.0/26 \
      nexthop via 198.51.100.1 nexthop via 198.51.100.2
  fi
  printf 'up: %s is 198.51.100.%s\n' "$node" "$number"
  number=$((number + 1))
done

echo "up: routers and client"
containerlab deploy --topo ferrolb.clab.yaml --reconfigure

echo "up: images"
for target in controller speaker; do
  docker build --quiet -f ../../deploy/image/Containerfile --target "$target" -t "ferrolb/$target:0.1.0" ../..
  kind load docker-image --name ferrolb "ferrolb/$target:0.1.0"
done

echo "up: FerroLB"
kubectl --context kind-ferrolb apply -k install
kubectl --context kind-ferrolb -n metallb-system rollout status deployment/controller daemonset/speaker --timeout=5m
kubectl --context kind-ferrolb apply -f manifests/pools.yaml -f manifests/bgp.yaml
# The nodes' interface towards the routers is lan0 here.
sed 's/- eth0/- lan0/' manifests/l2.yaml | kubectl --context kind-ferrolb apply -f -

echo "up: ready; README.md has a Service to try"

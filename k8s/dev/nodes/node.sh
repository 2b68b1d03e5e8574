#!/bin/sh
# A node of the development cluster: network, mounts and processes of its own. When this process is killed the kernel ends all of
# them, as when a machine loses its power; but for control groups nothing is left outside FOLDER.
# usage: node.sh FOLDER [STEP], in the control plane's network namespace. FOLDER/node.env has the variables.
set -eu
folder=$1
. "$folder/node.env"

case ${2:-network} in
network)
  exec unshare --net sh "$0" "$folder" cable
  ;;
cable)
  control() { nsenter --net="$CONTROL_NETWORK" ip "$@"; }
  control link delete "$NAME" 2>/dev/null || true # of a node that was killed just now
  control link add "$NAME" type veth peer name eth0 netns $$
  control link set "$NAME" master nodes up
  ip link set lo up
  ip address add "$ADDRESS/24" dev eth0
  ip link set eth0 up
  ip route add default via "$GATEWAY"
  echo 1 >/proc/sys/net/ipv4/ip_forward
  exec unshare --mount --propagation private --pid --fork --kill-child=KILL --mount-proc sh "$0" "$folder" run
  ;;
run)
  # What these programs keep at fixed places lies in FOLDER. A bridge whose packets iptables does not see has no Services.
  mkdir -p "$folder/lib" "$folder/log" "$folder/cni"
  mount -t tmpfs -o mode=755 tmpfs /run
  mount --bind "$folder/lib" /var/lib
  mount --bind "$folder/log" /var/log
  mkdir -p /run/netns /run/lock /var/lib/kubelet /var/lib/cni /var/log/pods /var/log/containers
  mount --make-rshared /
  if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables; fi
  # The kubelet sets these for the whole machine unless they are so: it is shown that they are.
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
    kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    shown="$folder/$(echo "${setting%=*}" | tr / .)"
    echo "${setting#*=}" >"$shown"
    mount --bind "$shown" "/proc/sys/${setting%=*}"
  done
  # All pods of this node are below one control group: of each hierarchy (v1), or of the only one (v2).
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p "/sys/fs/cgroup/$CONTROL_GROUP"
  else
    for hierarchy in /sys/fs/cgroup/*/; do mkdir -p "$hierarchy$CONTROL_GROUP"; done
    for list in cpus mems; do
      cat "/sys/fs/cgroup/cpuset/cpuset.$list" >"/sys/fs/cgroup/cpuset/$CONTROL_GROUP/cpuset.$list"
    done
  fi

  containerd --config "$folder/containerd.toml" &
  containerd=$!
  ctr() { command ctr --address "$folder/containerd.sock" --namespace k8s.io "$@"; }
  until ctr version >/dev/null 2>&1; do
    kill -0 $containerd || exit 1
    sleep 0.1
  done
  ctr images import --snapshotter overlayfs "$IMAGES" >/dev/null
  "$BINARIES/kubelet" --config="$folder/kubelet.json" --kubeconfig="$KUBELET_KUBECONFIG" --hostname-override="$NAME" \
    --node-ip="$ADDRESS" &
  kubelet=$!
  "$BINARIES/kube-proxy" --config="$folder/kube-proxy.json" --hostname-override="$NAME" &
  proxy=$!
  while kill -0 $containerd && kill -0 $kubelet && kill -0 $proxy; do sleep 1; done
  exit 1
  ;;
esac

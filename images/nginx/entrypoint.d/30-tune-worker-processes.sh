#!/bin/sh
# With NGINX_ENTRYPOINT_WORKER_PROCESSES_AUTOTUNE set: a worker for each processor that the container may use.
set -e
[ -n "${NGINX_ENTRYPOINT_WORKER_PROCESSES_AUTOTUNE-}" ] || exit 0
count=$(nproc)
if [ -r /sys/fs/cgroup/cpu.max ]; then
  read -r quota period </sys/fs/cgroup/cpu.max
elif [ -r /sys/fs/cgroup/cpu/cpu.cfs_quota_us ]; then
  quota=$(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us) period=$(cat /sys/fs/cgroup/cpu/cpu.cfs_period_us)
fi
case ${quota-max} in
  max | -1) ;;
  *)
    limit=$(((quota + period - 1) / period))
    [ "$limit" -ge "$count" ] || count=$limit ;;
esac
sed -i "s/^worker_processes .*;/worker_processes $count;/" /etc/nginx/nginx.conf

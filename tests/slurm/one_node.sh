#!/bin/bash
# A SLURM of one node on loopback, without systemd; everything it writes lies below FOLDER.
#   one_node.sh start FOLDER    munged, slurmctld and slurmd of this machine's own packages; clients need
#                               SLURM_CONF=FOLDER/slurm.conf
#   one_node.sh stop FOLDER     cancels what is queued and ends the three daemons by their process ids
set -euo pipefail
PATH="$PATH:/usr/sbin:/sbin"
action=$1
folder=$2
export SLURM_CONF="$folder/slurm.conf"
cores=${SLURM_TEST_CORES:-2}
port=${SLURM_TEST_PORT:-26817}

write_settings() {
  local host memory
  host=$(hostname -s)
  memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.8)}' /proc/meminfo)
  cat > "$SLURM_CONF" <<SETTINGS
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
# Jobs start within a second instead of at the next slow pass; a job over its time gets 5 s between TERM and KILL.
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=2
KillWait=5
OverTimeLimit=0
ReturnToService=2
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=$cores RealMemory=$memory State=UNKNOWN
PartitionName=work Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=closed Nodes=ALL MaxTime=INFINITE State=DOWN
SETTINGS
}

start() {
  # A path to a unix socket holds 108 bytes.
  [ ${#folder} -le 85 ] || { echo "the folder's path is too long for a socket: $folder" >&2; return 1; }
  mkdir -p "$folder"/{munge,state,spool}
  chmod 0755 "$folder" "$folder/munge"
  (umask 077; head -c 128 /dev/urandom > "$folder/munge/key")
  write_settings
  munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/munged.pid" \
         --log-file="$folder/munged.log" --seed-file="$folder/munge/seed"
  slurmctld -c -f "$SLURM_CONF"
  slurmd -f "$SLURM_CONF" -N node1
  for _ in $(seq 1 300); do
    if [ "$(timeout 5 sinfo -h -p work -o %T 2>/dev/null)" = idle ]; then return 0; fi
    sleep 0.1
  done
  echo "SLURM did not come up" >&2
  tail -n 20 "$folder"/*.log >&2
  return 1
}

stop() {
  if [ -s "$folder/slurmctld.pid" ] && kill -0 "$(cat "$folder/slurmctld.pid")" 2>/dev/null; then
    timeout 20 scancel --user="$(id -un)" || true
  fi
  local name process
  for name in slurmd slurmctld munged; do
    [ -s "$folder/$name.pid" ] || continue
    process=$(cat "$folder/$name.pid")
    kill "$process" 2>/dev/null || continue
    for _ in $(seq 1 150); do kill -0 "$process" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$process" 2>/dev/null || true
  done
}

"$action"

#!/bin/sh
# What a pod of a job does; its number is the end of its name.
#
# start: the first runs mpirun, which is process 1 there, and all take in what it starts. When a rank is lost, mpirun ends, and
# with it the first pod's container, which starts the whole job again.
set -eu
name=${HOSTNAME%-*}
number=${HOSTNAME##*-}
ssh_options="-p 2222 -i /keys/id -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/tmp/known -o ConnectTimeout=2"

host() { echo "$name-$1.$name"; }

start() {
    mkdir -p /tmp/sshd
    echo "* $(cat /keys/id.pub)" >/tmp/known
    # As a user of its own sshd lets in that user alone.
    daemon="/usr/sbin/sshd -e -p 2222 -h /keys/id -o AuthorizedKeysFile=/keys/id.pub -o PidFile=/tmp/sshd/pid \
        -o StrictModes=no -o UsePAM=no -o PasswordAuthentication=no"
    test "$number" = 0 || exec $daemon -D
    $daemon
    hosts=$(host 0):1
    for other in $(seq 1 $((RANKS - 1))); do
        until ssh $ssh_options "$(host "$other")" true; do sleep 1; done
        hosts=$hosts,$(host "$other"):1
    done
    exec mpirun --host "$hosts" --bind-to none --mca mpi_yield_when_idle 1 --mca plm_rsh_args "$ssh_options" \
        --mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3 \
        switchyard serve "$MODEL" --ranks-serve first --ranks "$RANKS" --threads "$THREADS" --host 0.0.0.0 \
        --log-format json --drain-delay 15 --drain-timeout 120
}

# All drain together, whichever pod is asked to go.
stop() {
    if [ "$number" = 0 ]; then kill -USR1 1; else ssh $ssh_options "$(host 0)" kill -USR1 1 || true; fi
    while grep -qsx switchyard /proc/[0-9]*/comm; do sleep 1; done
}

# The first answers for all; another is there once sshd is.
ready() {
    if [ "$number" = 0 ]; then curl -fsS -m 2 http://127.0.0.1:8080/readyz; else test -f /tmp/sshd/pid; fi
}

live() { test "$number" != 0 || curl -fsS -m 4 http://127.0.0.1:8080/livez; }

case $1 in
start | stop | ready | live) "$1" ;;
*) echo "start, stop, ready or live?" >&2 && exit 2 ;;
esac

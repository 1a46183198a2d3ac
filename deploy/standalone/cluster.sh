#!/usr/bin/env bash
# A standalone Spark cluster on this machine: one master and WORKERS workers (default 2) of one core each.
# Each worker has its own loopback address: for Spark they are different hosts.
#   deploy/standalone/cluster.sh start [WORKERS]   print the master's URL; submit with --properties-file build/cluster/spark.conf
#   deploy/standalone/cluster.sh stop
# Environment: COINSPARK_CLUSTER (folder of logs and process ids), COINSPARK_VENV, MASTER_PORT, WORKER_MEMORY.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=${COINSPARK_CLUSTER:-$PWD/build/cluster}
properties=$folder/spark.conf
port=${MASTER_PORT:-7077}
memory=${WORKER_MEMORY:-2g}
venv=${COINSPARK_VENV:-$PWD/.venv}
class=$venv/bin/spark-class
export PYSPARK_PYTHON=$venv/bin/python SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1} SPARK_CONF_DIR=$PWD/conf
export PATH=$venv/bin:$PATH
umask 027

run() {  # NAME CLASS ARGUMENTS…
    local name=$1; shift
    mkdir -p "$folder/$name"
    (cd "$folder/$name" && exec setsid nohup "$class" "$@" > "$folder/$name.log" 2>&1 < /dev/null) &
    echo $! > "$folder/$name.pid"
}

# Wait until the port accepts connections, at most two minutes.
wait_for() {  # HOST PORT NAME
    for _ in $(seq 240); do
        (exec 3<> "/dev/tcp/$1/$2") 2>/dev/null && return
        sleep 0.5
    done
    echo "cluster: $3 did not start within two minutes; see $folder/$3.log" >&2
    stop
    exit 1
}

# Master, workers and applications must share a new secret, which only this user can read.
write_properties() {
    rm -f "$properties"
    (umask 077 && printf 'spark.authenticate true\nspark.authenticate.secret %s\n' \
        "$(head -c 32 /dev/urandom | base64)" > "$properties")
}

start() {
    [ -x "$class" ] || { echo "cluster: $class is missing; run \`make setup\` first" >&2; exit 1; }
    [ ! -e "$folder/master.pid" ] || { echo "cluster: already running in $folder; run \`$0 stop\` first" >&2; exit 1; }
    mkdir -p "$folder"
    write_properties
    run master org.apache.spark.deploy.master.Master --properties-file "$properties" \
        --host 127.0.0.1 --port "$port" --webui-port $((port + 1000))
    wait_for 127.0.0.1 "$port" master
    for n in $(seq "${1:-2}"); do
        run "worker-$n" org.apache.spark.deploy.worker.Worker --properties-file "$properties" \
            --host "127.0.0.$n" --cores 1 --memory "$memory" \
            --port $((port + 10 + n)) --webui-port $((port + 1010 + n)) --work-dir "$folder/work-$n" "spark://127.0.0.1:$port"
        wait_for "127.0.0.$n" $((port + 10 + n)) "worker-$n"
    done
    echo "cluster: submit with --properties-file $properties" >&2
    echo "spark://127.0.0.1:$port"
}

stop() {
    for file in "$folder"/worker-*.pid "$folder"/master.pid; do
        [ -e "$file" ] || continue
        # Kill the whole process group (see setsid above), which includes the executors of a worker.
        kill -- "-$(cat "$file")" 2>/dev/null || kill "$(cat "$file")" 2>/dev/null || true
        rm -f "$file"
    done
    rm -f "$properties"
}

case ${1:-} in
    start) shift; start "$@" ;;
    stop) stop ;;
    *) sed -n '2,6p' "$0" >&2; exit 2 ;;
esac

#!/usr/bin/env bash
# Spark's Thrift server on the tables of a configuration, for JDBC clients; it refuses statements that write.
#   deploy/thrift/server.sh start --config mine.yaml [--host ADDRESS] [--port PORT]    print the JDBC URL
#   deploy/thrift/server.sh stop
# Environment: COINSPARK_THRIFT (folder of the log and the process id), COINSPARK_VENV.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)

folder=${COINSPARK_THRIFT:-$root/build/thrift}
venv=${COINSPARK_VENV:-$root/.venv}
log=$folder/server.log
pid_file=$folder/server.pid
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
umask 027

is_running() {
    [ -e "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null
}

# Wait until the server says that it listens; if it ends before, show its last line.
start() {
    [ -x "$venv/bin/python" ] || { echo "thrift: $venv/bin/python is missing; run \`make setup\` first" >&2; exit 1; }
    ! is_running || { echo "thrift: already running in $folder; run \`$0 stop\` first" >&2; exit 1; }
    mkdir -p "$folder"
    setsid nohup "$venv/bin/python" "$root/deploy/thrift/serve.py" "$@" > "$log" 2>&1 < /dev/null &
    echo $! > "$pid_file"
    for _ in $(seq 240); do
        if url=$(grep -o -m 1 'jdbc:hive2://.*' "$log"); then
            echo "$url"
            return
        fi
        is_running || break
        sleep 0.5
    done
    tail -n 1 "$log" >&2
    echo "thrift: the server did not start; see $log" >&2
    stop
    exit 1
}

stop() {
    [ -e "$pid_file" ] || return 0
    pid=$(cat "$pid_file")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 60); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.5
    done
    kill -9 -- "-$pid" 2>/dev/null || true  # the JVM, if it is still there
    rm -f "$pid_file"
}

case ${1:-} in
    start) shift; start "$@" ;;
    stop) stop ;;
    *) sed -n '2,5p' "$0" >&2; exit 2 ;;
esac

#!/bin/sh
# Run a coinspark command from cron, with cron's bare environment: run.sh nightly --config /etc/coinspark/mine.yaml
# The output goes to a log file. Only a failure prints, so that cron sends mail only then.
#   COINSPARK_ENV      file of variables, one NAME=value a line (default /etc/coinspark/environment, if it exists)
#   COINSPARK_LOGS     folder of the log files (default: ~/coinspark-logs); files older than 60 days are deleted
#   COINSPARK_VENV     Python environment (default: .venv of this repository)
set -eu
umask 027
cd "$(dirname "$0")/../.."

environment=${COINSPARK_ENV:-/etc/coinspark/environment}
if [ -e "$environment" ]; then
    # Read, not run: a value may contain spaces, quotes and `$`.
    number=0
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        case $line in
            '' | '#'*) ;;
            [A-Za-z_]*=*) export "$line" ;;
            *) echo "run.sh: $environment, line $number: expected NAME=value" >&2; exit 2 ;;
        esac
    done < "$environment"
elif [ -n "${COINSPARK_ENV:-}" ]; then
    echo "run.sh: $environment does not exist; COINSPARK_ENV names it" >&2; exit 2
fi

python=${COINSPARK_VENV:-$PWD/.venv}/bin/python
[ -x "$python" ] || { echo "run.sh: $python is missing; run \`make setup\` in $PWD" >&2; exit 2; }
logs=${COINSPARK_LOGS:-$HOME/coinspark-logs}
mkdir -p "$logs"
find "$logs" -name '*.log' -mtime +60 -delete
log=$logs/$(date +%Y-%m-%dT%H%M%S)-$$.log

code=0
"$python" -m coinspark.cli "$@" > "$log" 2>&1 < /dev/null || code=$?
if [ "$code" != 0 ]; then
    echo "coinspark $* failed with exit code $code on $(uname -n); log: $log" >&2
    tail -n 20 "$log" >&2
fi
exit "$code"

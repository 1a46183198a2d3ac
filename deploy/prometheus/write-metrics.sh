#!/bin/sh
# Write the metrics of `coinspark status` for the textfile collector of node_exporter:
#   write-metrics.sh FOLDER --config /etc/coinspark/mine.yaml --max-age 26h
# The exit code of `coinspark status` is a metric (coinspark_ok): this script fails only if there are no metrics.
#   COINSPARK_VENV     Python environment (default: .venv of this repository)
set -eu
folder=$1
shift
python=${COINSPARK_VENV:-$(dirname "$0")/../../.venv}/bin/python

# Written beside the target and renamed: the collector never reads half a file.
part=$(mktemp "$folder/.coinspark.XXXXXX")
trap 'rm -f "$part"' EXIT
code=0
"$python" -m coinspark.cli status --format prometheus "$@" > "$part" || code=$?
[ -s "$part" ] || exit "$code"
chmod 644 "$part"
mv "$part" "$folder/coinspark.prom"

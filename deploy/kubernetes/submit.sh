#!/usr/bin/env bash
# Submit the nightly build to Kubernetes in cluster mode, and wait for it: submit.sh ARGUMENTS OF jobs/nightly.py
# Exit code: that of coinspark in the driver; 75 if the driver was killed, evicted or not started, so that
# another attempt makes sense. spark-submit itself exits with 0 whatever happens to the driver.
#   COINSPARK_IMAGE       image of driver and executors
#   NAMESPACE             namespace of the pods
#   COINSPARK_MASTER      the API server (default: that of the cluster in which this pod runs)
#   COINSPARK_SPARK_CONF  options of spark-submit (default: /etc/coinspark/spark.conf)
set -euo pipefail

: "${COINSPARK_IMAGE:?the image of driver and executors}" "${NAMESPACE:?the namespace of the pods}"
here=$(cd "$(dirname "$0")" && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

master=k8s://https://${KUBERNETES_SERVICE_HOST:-kubernetes.default.svc}:${KUBERNETES_SERVICE_PORT:-443}
code=0
# Its own log settings: the state of the driver is logged as information.
SPARK_CONF_DIR=$here/log spark-submit \
    --master "${COINSPARK_MASTER:-$master}" \
    --deploy-mode cluster \
    --name coinspark \
    --properties-file "${COINSPARK_SPARK_CONF:-/etc/coinspark/spark.conf}" \
    --conf "spark.kubernetes.namespace=$NAMESPACE" \
    --conf "spark.kubernetes.container.image=$COINSPARK_IMAGE" \
    --conf spark.kubernetes.submission.waitAppCompletion=true \
    local:///opt/coinspark/jobs/nightly.py "$@" 2>&1 | tee "$log" || code=$?

# Both formats: `(phase: Failed)` while it waits, and `phase: Failed` of each new state.
last() { grep -oE "$1" "$log" | tail -n 1 | grep -oE "$2" || true; }
phase=$(last 'phase: [A-Z][a-z]+' '[A-Z][a-z]+')
driver=$(last 'exit code: [0-9]+' '[0-9]+')

[ "$phase" = Succeeded ] && exit 0
echo "submit.sh: the driver ended in phase ${phase:-unknown}, exit code ${driver:-unknown}; spark-submit: $code" >&2
case $driver in
    1 | 2) exit "$driver" ;;
    *) exit 75 ;;
esac

#!/usr/bin/env bash
# Entry point of the image. Spark on Kubernetes starts a pod with the argument `driver` or `executor` and describes
# the process in variables (SPARK_…); other arguments are a command. spark-submit of PyPI brings no entry point.
set -euo pipefail

# tini ends children that lost their parent, such as Python workers, and passes signals on.
run() { exec tini -s -- "$@"; }

case ${1:-} in
    driver)
        run spark-submit --deploy-mode client --conf "spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS" "${@:2}"
        ;;
    executor)
        options=()
        for ((n = 0; ; n++)); do
            name=SPARK_JAVA_OPT_$n
            [ -n "${!name+set}" ] || break
            options+=("${!name}")
        done
        class_path=${SPARK_CONF_DIR:-$SPARK_HOME/conf}:$SPARK_HOME/jars/*${SPARK_EXTRA_CLASSPATH:+:$SPARK_EXTRA_CLASSPATH}
        run "$JAVA_HOME/bin/java" ${options[@]+"${options[@]}"} \
            "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" -cp "$class_path" \
            org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
            --driver-url "$SPARK_DRIVER_URL" \
            --executor-id "$SPARK_EXECUTOR_ID" \
            --cores "$SPARK_EXECUTOR_CORES" \
            --app-id "$SPARK_APPLICATION_ID" \
            --hostname "$SPARK_EXECUTOR_POD_IP" \
            --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" \
            --podName "$SPARK_EXECUTOR_POD_NAME"
        ;;
    *)
        run "$@"
        ;;
esac

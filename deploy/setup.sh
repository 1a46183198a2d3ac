#!/usr/bin/env bash
# Install everything into .venv: Python packages from the lock file, the Horovod wheel, the Java jars.
#   deploy/setup.sh            what a build on one machine needs
#   deploy/setup.sh cluster    also the jars of S3 and PostgreSQL (280 MB)
# Can be interrupted and run again. Wheel and jars are cached outside the repository (COINSPARK_CACHE).
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${COINSPARK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/coinspark}
venv=.venv
lock=deploy/requirements/lock.txt
poms=deploy/jars

say() { printf 'setup: %s\n' "$*" >&2; }
need() { say "$1"; missing=1; }

# Runs each tool, since `command -v` also succeeds for a version manager's shim without a version behind it.
check_prerequisites() {
    missing=0
    python=$(command -v "${COINSPARK_PYTHON:-python3.11}" || true)
    [ -n "$python" ] && "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
        || need "Python 3.11 with venv is missing (Debian: apt-get install python3.11-venv python3.11-dev; or set COINSPARK_PYTHON)"
    java=${JAVA_HOME:+$JAVA_HOME/bin/}java
    "$java" -version 2>&1 | grep -Eq 'version "17[."]' \
        || need "Java 17 is missing (Debian: apt-get install openjdk-17-jdk-headless; or set JAVA_HOME)"
    mvn -v >/dev/null 2>&1 || need "Maven is missing (Debian: apt-get install maven)"
    g++ --version >/dev/null 2>&1 || need "g++ is missing (Debian: apt-get install g++)"
    cmake --version 2>/dev/null | grep -Eq 'version 3\.' \
        || need "cmake 3 is missing (Debian: apt-get install cmake; Horovod does not build with cmake 4)"
    make --version >/dev/null 2>&1 || need "make is missing (Debian: apt-get install make)"
    [ "$missing" = 0 ] || { say "install the missing tools, then run this command again"; exit 1; }
}

# For GPUs TensorFlow comes with CUDA, in the same version; its metadata pins the packages of CUDA.
requirements() {
    if [ -n "${HOROVOD_GPU_OPERATIONS:-}" ]; then sed 's/^tensorflow-cpu==/tensorflow[and-cuda]==/' "$lock"; else cat "$lock"; fi
}

# At exit, Maven's console library writes a colour reset to both streams, even without a terminal and with colours off.
without_colours() { sed $'s/\e\\[[0-9;]*m//g'; }

# Download into a temporary folder, then rename it: the cache never holds an incomplete folder.
fetch_jars() {
    jars=$cache/jars-$1-$(sha256sum "$poms/$1.xml" | cut -c1-16)
    [ -d "$jars" ] && return
    say "downloading the Java jars of $1"
    local partial=$jars.$$
    mkdir -p "$partial"
    mvn -q -B -Dstyle.color=never -f "$poms/$1.xml" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$partial" 2>&1 | without_colours >&2 || { rm -rf "$partial"; say "the download failed; see above"; exit 1; }
    mv "$partial" "$jars" 2>/dev/null || rm -rf "$partial"
}

build_horovod() {
    local key
    key=$("$venv/bin/python" -c 'import platform, sys; print(f"{sys.version_info[0]}{sys.version_info[1]}-{platform.machine()}")')
    wheels=$cache/horovod-0.28.1-$key-tf2.15.1${HOROVOD_GPU_OPERATIONS:+-$HOROVOD_GPU_OPERATIONS}
    [ -n "$(ls "$wheels"/*.whl 2>/dev/null)" ] && return
    say "building Horovod (3 to 6 minutes, once)"
    local partial=$wheels.$$
    mkdir -p "$partial"
    PATH="$PWD/$venv/bin:$PATH" HOROVOD_WITH_TENSORFLOW=1 HOROVOD_WITH_GLOO=1 HOROVOD_WITHOUT_MPI=1 HOROVOD_WITHOUT_PYTORCH=1 \
        HOROVOD_WITHOUT_MXNET=1 HOROVOD_CPU_OPERATIONS=GLOO MAKEFLAGS="-j$(nproc)" \
        "$venv/bin/pip" wheel -q --no-binary horovod --no-build-isolation --no-deps -w "$partial" horovod==0.28.1 \
        > "$partial/build.log" 2>&1 || { tail -n 30 "$partial/build.log" >&2; say "building Horovod failed; full log: $partial/build.log"; exit 1; }
    mv "$partial" "$wheels" 2>/dev/null || rm -rf "$partial"
}

# In pyspark/jars every tool of the venv sees them: driver, workers, spark-sql, spark-submit.
link_jars() {
    local folder jar
    folder=$("$venv/bin/python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')/jars
    for jar in "$jars"/*.jar; do
        [ "$folder/${jar##*/}" -ef "$jar" ] && continue
        ln -sf "$jar" "$folder/"
        rm -f "$venv/share/coinspark/spark-classes.jsa"   # class_archive.py wrote it for other jars
    done
}

install() {
    check_prerequisites
    say "creating $venv from $lock"
    "$python" -m venv --clear "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check -r <(requirements)
    build_horovod
    "$venv/bin/pip" install -q --disable-pip-version-check --no-deps "$wheels"/*.whl
    "$venv/bin/pip" install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
    fetch_jars spark
    link_jars
    # The jars of Spark NLP go to a folder of their own, since some would shadow Spark's.
    fetch_jars sparknlp
    mkdir -p "$venv/share/coinspark"
    ln -sfn "$jars" "$venv/share/coinspark/sparknlp"
    "$venv/bin/pip" check --disable-pip-version-check >&2
    echo "$fingerprint" > "$venv/.fingerprint"
    say "done"
}

# Nothing to do if none of these files has changed since the last complete run.
fingerprint=$({ cat "$lock" "$poms"/*.xml deploy/setup.sh setup.py; echo "${HOROVOD_GPU_OPERATIONS:-}"; } | sha256sum | cut -c1-16)
[ "$(cat "$venv/.fingerprint" 2>/dev/null)" = "$fingerprint" ] || install
if [ "${1:-}" = cluster ]; then
    fetch_jars cluster
    link_jars
fi

#!/usr/bin/env bash
# Install what tests/deploy needs besides .venv, into environments of their own below build/tools:
# the schemas of Kubernetes (17,000 files), Airflow (130 packages), hadolint, a client of the Thrift server. No build needs them.
# `deploy/test-tools.sh cluster` installs what tests/cluster needs: PostgreSQL and an S3 server.
set -euo pipefail
cd "$(dirname "$0")/.."

install() {
    local requirements=deploy/requirements/$1.txt venv=build/tools/$1
    cmp -s "$requirements" "$venv/installed.txt" && return
    echo "test-tools: creating $venv from $requirements" >&2
    .venv/bin/python -m venv --clear "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$venv/installed.txt"
}

for tool in ${*:-kubernetes airflow hadolint thrift-client}; do install "$tool"; done

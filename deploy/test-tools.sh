#!/usr/bin/env bash
# Install what tests/deploy checks manifests with, into an environment of its own: build/tools/kubernetes.
# `make setup` does not install it: 17,000 files of schemas, which no build needs.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements=deploy/requirements/kubernetes.txt
venv=build/tools/kubernetes
cmp -s "$requirements" "$venv/installed.txt" && exit 0
echo "test-tools: creating $venv from $requirements" >&2
.venv/bin/python -m venv --clear "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check -r "$requirements"
cp "$requirements" "$venv/installed.txt"

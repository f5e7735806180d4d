#!/usr/bin/env bash
# Installs the packages that the server tests compare with, exactly as locked. The tests fail without them.
set -euo pipefail
cd "$(dirname "$0")"
# Nothing to do when what is installed is what is locked.
if [ -f node_modules/.locked ] && cmp -s package-lock.json node_modules/.locked; then exit 0; fi
npm ci --no-audit --no-fund --ignore-scripts
cp package-lock.json node_modules/.locked

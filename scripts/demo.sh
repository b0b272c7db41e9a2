#!/bin/sh
# npm run demo: set-up, then all steps from a Docker image to a tested model, and the removal of everything.
set -eu
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ]; then
  echo "hpc-gat: the demo creates namespaces and mounts, which requires root; fix: sudo npm run demo" >&2
  exit 2
fi
# shellcheck source=scripts/setup.sh
. scripts/setup.sh
exec node scripts/demo.ts

#!/bin/sh
# npm test: set-up, then every check; arguments go to jest. The last line is `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup.sh
exec node --experimental-vm-modules --disable-warning=ExperimentalWarning \
  node_modules/jest/bin/jest.js --runInBand "$@"

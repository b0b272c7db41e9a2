#!/bin/sh
# npm test: set-up, then every check; arguments go to jest. The last line is `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup.sh
jest() {
  node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js "$@"
}
if [ $# -gt 0 ]; then
  jest --runInBand "$@"
  exit
fi
# Tests without a lab run on all processors, then the tests in the lab one file after the other. The second call reports
# the counts of both.
HPC_GAT_TEST_COUNTS=$(mktemp)
export HPC_GAT_TEST_COUNTS
trap 'rm -f "$HPC_GAT_TEST_COUNTS"' EXIT
trap 'exit 130' INT TERM
code=0
jest --selectProjects static unit --maxWorkers=100% || code=$?
jest --selectProjects e2e faults --runInBand || code=$?
exit "$code"

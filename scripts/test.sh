#!/bin/sh
# All tests, on a machine that has nothing but Node: installs what they need, builds, runs the unit tests and then those
# that need a lab, in two halves side by side, since most of their time is waiting. With TEST_RESULTS naming a directory, each
# run leaves its results there as JSON.
set -eu
cd "$(dirname "$0")/.."

if [ ! -e node_modules/.package-lock.json ] || [ node_modules/.package-lock.json -ot package-lock.json ]; then
  npm ci --no-audit --no-fund
fi
sh scripts/test-packages.sh
npm run -s build

status=0
run() {
  set -- --project "$@"
  if [ -n "${TEST_RESULTS:-}" ]; then
    set -- "$@" --reporter=default --reporter=json --outputFile.json="$TEST_RESULTS/$2.json"
  fi
  node node_modules/vitest/vitest.mjs run "$@"
}

run unit || status=1
# In CI a machine without labs is a failure, which the lab tests themselves report.
reason=$(node --input-type=module -e "
  import { labUnavailable } from './dist/lab/unavailable.js';
  process.stdout.write(labUnavailable() ?? '');
")
if [ -n "$reason" ] && [ "${CI:-}" != true ]; then
  printf '\nLab tests skipped: %s\n' "$reason"
else
  other=$(mktemp)
  trap 'rm -f "$other"' EXIT
  run lab-machine >"$other" 2>&1 &
  machine=$!
  trap 'kill "$machine" 2>/dev/null; exit 1' INT TERM
  run lab-hosts || status=1
  wait "$machine" || status=1
  cat "$other"
fi
exit "$status"

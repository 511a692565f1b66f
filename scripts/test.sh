#!/usr/bin/env bash
# Every check, cheapest first. All of them run, so that one run tells everything; the exit status is 1 when any failed.
#
#   scripts/test.sh        everything
#   scripts/test.sh lint   style, types and import contracts alone
set -uo pipefail
cd "$(dirname "$0")/.."

# Threads that spin starve their neighbours (the engine's process, Chromium); two are enough to test that threads agree.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} OMP_WAIT_POLICY=PASSIVE OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
# What a developer has set for a server of their own must not reach the tests.
for name in $(compgen -e STUDIO_); do unset "$name"; done
unset PORT
# Tests start hundreds of processes. Where no bytecode may be kept, each of them compiles PyTorch anew, and a test of several
# takes minutes on a busy core.
unset PYTHONDONTWRITEBYTECODE
if [[ ! -t 1 ]]; then
    unset FORCE_COLOR
    export NO_COLOR=1
fi

bin=.venv/bin
failed=0
summary=()

check() {
    local name=$1 begun=$SECONDS verdict=passed
    shift
    printf '\n== %s\n' "$name"
    if ! "$@"; then
        verdict=FAILED
        failed=$((failed + 1))
    fi
    summary+=("$(printf '%-24s %s  %ds' "$name" "$verdict" $((SECONDS - begun)))")
}

check "ruff: style" $bin/ruff check .
check "ruff: format" $bin/ruff format --check .
check "mypy: types" $bin/mypy
check "import contracts" $bin/lint-imports --no-logo
check "wire types" $bin/python scripts/generate_protocol.py --check
check "the socket's document" $bin/python scripts/generate_asyncapi.py --check
check "table of settings" $bin/python scripts/generate_settings.py --check
check "page: types and style" scripts/npm.sh run --silent check
if [[ ${1:-} != lint ]]; then
    check "page: vitest" scripts/npm.sh run --silent test
    check "pytest" $bin/python -m pytest
fi

printf '\n== checks\n'
printf '%s\n' "${summary[@]}"
if [[ $failed -gt 0 ]]; then
    echo "$failed of ${#summary[@]} checks failed"
    exit 1
fi
echo "all ${#summary[@]} checks passed"

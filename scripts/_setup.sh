# Sourced by the scripts beside it: makes .venv from requirements.lock when it is missing or stale.
# uv when it is there, else venv and pip. Defines ROOT and puts .venv/bin first in PATH.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"

python_for_venv() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "error: Python 3.11 or newer is needed and was not found
  fix: install it, or name it: PYTHON=/path/to/python3.11 $0" >&2
    exit 2
}

# A venv names its folder: moved elsewhere, it must be made again.
venv_stamp() {
    { cat requirements.lock pyproject.toml; echo "$ROOT"; } | cksum
}

set_up() {
    local stamp
    stamp="$(venv_stamp)"
    if [ -x .venv/bin/python ] && [ "$(cat .venv/stamp 2>/dev/null)" = "$stamp" ]; then
        return
    fi
    echo "setting up .venv (once; about a minute) ..."
    rm -rf .venv
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --seed --python "$(python_for_venv)" .venv
        uv pip install --quiet --python .venv/bin/python -r requirements.lock
        uv pip install --quiet --python .venv/bin/python --no-deps --editable .
    else
        "$(python_for_venv)" -m venv .venv
        .venv/bin/python -m pip install -qq --disable-pip-version-check -r requirements.lock
        .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
    fi
    echo "$stamp" > .venv/stamp
}

# sdk_env NAME REQUIREMENT...: makes an environment for tests that need other packages beside the
# SDK, below .housing-sweep, and prints its Python. Fails where a package cannot be had.
sdk_env() {
    local folder="$ROOT/.housing-sweep/$1" stamp
    shift
    stamp="$ROOT $*"
    if [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ]; then
        echo "setting up $folder ..." >&2
        rm -rf "$folder"
        if command -v uv >/dev/null 2>&1; then
            uv venv --quiet --python "$ROOT/.venv/bin/python" "$folder" &&
                uv pip install --quiet --python "$folder/bin/python" "$@" >&2 || return 1
        else
            "$ROOT/.venv/bin/python" -m venv "$folder" &&
                "$folder/bin/python" -m pip install -qq --disable-pip-version-check "$@" >&2 || return 1
        fi
        echo "$stamp" > "$folder/stamp"
    fi
    echo "$folder/bin/python"
}

# with_types COMMAND...: checks the types while COMMAND (the tests) runs; both must succeed.
with_types() {
    local report status=0 types=0 checker
    report="$(mktemp)"
    mypy --no-error-summary >"$report" 2>&1 &
    checker=$!
    "$@" || status=$?
    wait "$checker" || types=$?
    if [ "$types" != 0 ]; then
        echo "mypy --strict:"
        cat "$report"
    fi
    rm -f "$report"
    [ "$status" != 0 ] || status="$types"
    return "$status"
}

set_up
# Without compiled files every process compiles this package again, and pytest rewrites each test.
unset PYTHONDONTWRITEBYTECODE
export PATH="$ROOT/.venv/bin:$PATH"

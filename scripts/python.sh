#!/bin/sh
# Make the virtual environment $1 with the first Python that is new enough.
set -eu
for python in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if command -v "$python" >/dev/null 2>&1 &&
        "$python" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" -m venv "$1"
    fi
done
echo "interviewer needs Python 3.11 or newer, with venv, and found none." >&2
if [ "$(uname)" = Darwin ]; then
    echo "Type: brew install python@3.12" >&2
else
    echo "Type: sudo apt-get install python3 python3-venv   (or name one: make PYTHON=/path/to/python3.12)" >&2
fi
exit 1

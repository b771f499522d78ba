#!/bin/sh
# Install the system parts that are missing: `system.sh run` for an interview, `system.sh test` for the tests.
# Where that cannot be done, print the one line to type and go on: the program says itself what it lacks.
set -eu

has_library() {
    # ldconfig is in /sbin, which is not on every user's PATH.
    { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | grep -q "$1"
}

missing=""
need() { # need PACKAGE CHECK...
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

case "$(uname)" in
Darwin)
    # The sounddevice wheel carries PortAudio, and macOS has its own voices; espeak-ng is the spare one.
    need espeak-ng command -v espeak-ng
    [ -z "$missing" ] && exit 0
    install="brew install$missing"
    if command -v brew >/dev/null 2>&1; then
        echo "Installing:$missing"
        $install || echo "That failed; type it yourself: $install"
    else
        echo "Missing:$missing. Type: $install"
    fi
    exit 0
    ;;
Linux) ;;
*) exit 0 ;;
esac

need libportaudio2 has_library libportaudio
need espeak-ng command -v espeak-ng
need python3-venv sh -c 'python3 -c "import ensurepip" || [ -x .venv/bin/python ]'
if [ "${1:-run}" = test ]; then
    need pulseaudio command -v pulseaudio
    need pulseaudio-utils command -v pactl
    need libasound2-plugins sh -c 'ls /usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so'
fi
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing system parts (Debian's names):$missing. Install them with this machine's package manager."
    exit 0
fi
sudo=""
if [ "$(id -u)" != 0 ]; then
    sudo="sudo"
    # Without a terminal nobody can type a password.
    if ! command -v sudo >/dev/null 2>&1 || { ! [ -t 0 ] && ! sudo -n true 2>/dev/null; }; then
        echo "Missing system parts. Type: sudo apt-get install -y$missing"
        exit 0
    fi
fi
echo "Installing system parts:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086
if $sudo apt-get install -qq -y $missing >"$log" 2>&1 ||
    { $sudo apt-get update -qq && $sudo apt-get install -qq -y $missing; } >"$log" 2>&1; then
    rm -f "$log"
else
    tail -n 3 "$log"
    rm -f "$log"
    echo "That failed. Type: sudo apt-get update && sudo apt-get install -y$missing"
fi

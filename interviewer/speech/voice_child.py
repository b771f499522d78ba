"""A process that renders one utterance with pyttsx3 and ends.

    python -m interviewer.speech.voice_child FILE RATE_WPM [VOICE] < text
    python -m interviewer.speech.voice_child --voices

A process for each utterance, because an engine that is used twice leaves files empty, and because
`runAndWait` can return before the file is written: only the event tells when it is.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

FINISH_LIMIT_S = 20.0
UNKNOWN_VOICE = 3
"""Exit code: there is no voice of that name; the names there are stand on standard error."""


def main(arguments: list[str]) -> int:
    import pyttsx3

    engine = pyttsx3.init()
    if arguments == ["--voices"]:
        sys.stdout.write("\n".join(voice.name for voice in engine.getProperty("voices")))
        return 0
    path, rate_wpm, wanted = arguments
    voice = _choose(engine, wanted)
    if wanted and voice is None:
        names = sorted(voice.name for voice in engine.getProperty("voices"))
        sys.stderr.write(", ".join(names))
        return UNKNOWN_VOICE
    espeak = str(engine) == "espeak"
    if voice is not None:
        # eSpeak's ids reach us in lower case, under which it does not know all of them.
        engine.setProperty("voice", voice.name if espeak else voice.id)
    engine.setProperty("rate", int(rate_wpm))
    finished = threading.Event()
    engine.connect("finished-utterance", lambda **_: finished.set())
    engine.save_to_file(sys.stdin.buffer.read().decode("utf-8"), path)
    engine.runAndWait()
    if not finished.wait(FINISH_LIMIT_S):
        sys.stderr.write(f"no speech after {FINISH_LIMIT_S:.0f} s")
        return 1
    return 0


def _choose(engine: Any, wanted: str) -> Any:
    """The voice that is called `wanted`, or an English one; None where the engine's own will do."""
    voices = engine.getProperty("voices")
    if wanted:
        names = {wanted.lower()}
        return next((v for v in voices if names & {v.name.lower(), v.id.lower()}), None)
    own = engine.getProperty("voice")
    english = [v for v in voices if any("en" in str(tag)[:3].lower() for tag in v.languages)]
    return None if own in {v.id for v in english} else next(iter(english), None)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the engine's own clean-up can hang

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


def main(arguments: list[str]) -> None:
    import pyttsx3

    engine = pyttsx3.init()
    if arguments == ["--voices"]:
        sys.stdout.write("\n".join(voice.name for voice in engine.getProperty("voices")))
        return
    path, rate_wpm, wanted = arguments
    voice = _choose(engine, wanted)
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
        raise SystemExit(f"no speech after {FINISH_LIMIT_S:.0f} s")
    if espeak and _espeak_rate_wpm() != int(rate_wpm):
        raise SystemExit("eSpeak did not take the speaking rate")


def _espeak_rate_wpm() -> int:
    """The rate that was spoken at: about once in 450 times eSpeak keeps pyttsx3's own."""
    from pyttsx3.drivers import _espeak

    # pyttsx3's wrapper leaves out the second argument, which asks for the current value.
    return int(_espeak.dll.espeak_GetParameter(_espeak.RATE, 1))


def _choose(engine: Any, wanted: str) -> Any:
    """The voice that is called `wanted`, or an English one; None where the engine's own will do."""
    voices = engine.getProperty("voices")
    english = [v for v in voices if any(str(tag).lower().startswith("en") for tag in v.languages)]
    if not wanted:
        own = engine.getProperty("voice")
        return None if own in {v.id for v in english} else next(iter(english), None)
    for voice in voices:
        if wanted.lower() in {
            str(name).lower() for name in (voice.name, voice.id, *voice.languages)
        }:
            return voice
    raise SystemExit(f"no voice {wanted!r}; there are {', '.join(v.name for v in english)}")


if __name__ == "__main__":
    code = 0
    try:
        main(sys.argv[1:])
        sys.stdout.flush()
    except SystemExit as refusal:
        print(refusal, file=sys.stderr, flush=True)
        code = 1
    os._exit(code)  # the engine's own clean-up can hang

"""Which recogniser there is for a wish: Whisper, or the stand-in said out loud."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from interviewer.errors import ModelUnavailableError
from interviewer.hub import Report, report_nothing
from interviewer.speech.transcript import Transcriber

AUTO = "auto"
"""The model name that means the largest Whisper model that this machine keeps up with."""

OFFLINE = "offline"
"""The model name that means pocketsphinx."""

_PACKAGES = {"faster-whisper": "faster_whisper", "pocketsphinx": "pocketsphinx"}


@dataclass(frozen=True)
class TranscriberOptions:
    """What the user wants to be heard by; see the settings of the same names."""

    model: str = "small.en"
    device: str = "auto"
    compute_type: str = "auto"
    offline: bool = False
    speeds: Path | None = None
    """Where the speed of this machine is kept, once it is measured for the model `AUTO`."""


@dataclass(frozen=True)
class FoundTranscriber:
    """A recogniser; `notice` says why it is not simply the one that was named, else nothing."""

    transcriber: Transcriber
    notice: str = ""


def installed_engines() -> tuple[str, ...]:
    """Names of the recognisers whose packages are installed; imports none of them."""
    return tuple(name for name, package in _PACKAGES.items() if find_spec(package) is not None)


def fetch_transcriber(options: TranscriberOptions, report: Report = report_nothing) -> None:
    """Download the Whisper model asked for, unless it is here already or none is asked for.

    Raises:
        UsageError: there is no such model.
        ModelUnavailableError: it cannot be downloaded.
    """
    if options.model != OFFLINE and "faster-whisper" in installed_engines():
        from interviewer.speech.whisper import find_model

        find_model(_chosen(options, report)[0], options.offline, report)


def find_transcriber(
    options: TranscriberOptions, report: Report = report_nothing
) -> FoundTranscriber:
    """Load the Whisper model asked for, else pocketsphinx with a notice.

    Args:
        options: `model` is a Whisper model's name or folder, `AUTO` for the largest that this
            machine keeps up with, or `OFFLINE` for pocketsphinx.
        report: told about the progress of a download.

    Raises:
        UsageError: a model, device or compute type that there is not; the message lists those there
            are.
        ModelUnavailableError: neither recogniser can be had.
    """
    from interviewer.speech.sphinx import SphinxTranscriber

    if options.model == OFFLINE:
        return FoundTranscriber(SphinxTranscriber())
    try:
        return _whisper(options, report)
    except ModelUnavailableError as missing:
        try:
            stand_in = SphinxTranscriber()
        except ModelUnavailableError as also_missing:
            raise ModelUnavailableError(
                f"{missing.message}; and {also_missing.message}",
                f"{missing.hint}; or {also_missing.hint}",
            ) from missing
        return FoundTranscriber(
            stand_in,
            f"{missing.message}. The offline stand-in pocketsphinx listens instead; it mishears "
            f"about 3 words in 10. For the real one, {missing.hint}",
        )


def _whisper(options: TranscriberOptions, report: Report) -> FoundTranscriber:
    if find_spec(_PACKAGES["faster-whisper"]) is None:
        raise ModelUnavailableError(
            "faster-whisper is not installed", "type: pip install faster-whisper"
        )
    from interviewer.speech.whisper import load_whisper

    model, notice = _chosen(options, report)
    found = load_whisper(model, options.device, options.compute_type, options.offline, report)
    return FoundTranscriber(found, notice)


def _chosen(options: TranscriberOptions, report: Report) -> tuple[str, str]:
    """The model's name or folder; and where the choice was ours, what was chosen and why."""
    if options.model != AUTO:
        return options.model, ""
    from interviewer.speech.fitting import fitting_whisper

    return fitting_whisper(
        options.device, options.compute_type, options.offline, options.speeds, report
    )

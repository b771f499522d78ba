"""The parts of the program, put together from the settings; shared by the commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from interviewer.bank.question import Bank, load_bank
from interviewer.bank.rubric import Rubric, load_rubrics
from interviewer.errors import ModelUnavailableError
from interviewer.settings import Settings, load_settings

if TYPE_CHECKING:
    from interviewer.archive import Archive
    from interviewer.finishing import Finisher
    from interviewer.scoring.scorer import Scorer
    from interviewer.speech.engines import TranscriberOptions
    from interviewer.speech.transcript import Transcriber

T = TypeVar("T")
Notice = Callable[[str], None]


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that turns speech into words."""
    options = (
        click.option(
            "--model",
            metavar="NAME|FOLDER|offline",
            help="Whisper model: a name, a folder, or `offline` for pocketsphinx. [small.en]",
        ),
        click.option(
            "--device",
            type=click.Choice(["auto", "cpu", "cuda"]),
            help="Where Whisper runs. [auto: the GPU if there is one]",
        ),
        click.option(
            "--compute-type",
            metavar="TYPE",
            help="Whisper's arithmetic. [auto: float16 on a GPU, int8 on a CPU]",
        ),
        click.option(
            "--offline", is_flag=True, default=None, help="Use only models that are here already."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def settings_from(options: Mapping[str, Any]) -> Settings:
    """The settings, with those command line options that are settings and were given."""
    return load_settings({name: options.get(name) for name in Settings.model_fields})


def load_content(settings: Settings) -> tuple[Bank, Mapping[str, Rubric]]:
    """The questions and their rubrics.

    Raises:
        BankError: a file is wrong.
    """
    bank = load_bank(settings.bank_dir)
    return bank, load_rubrics(settings.rubrics_dir, bank)


def open_archive(settings: Settings) -> Archive:
    """Open the archive that the settings name."""
    from interviewer.archive import Archive

    return Archive.open(settings)


def fetch_models(settings: Settings, with_recogniser: bool) -> None:
    """Download the models that are missing, with a progress bar; without a network, go on."""
    from interviewer.cli.progress import DownloadProgress
    from interviewer.scoring.embedding import find_model
    from interviewer.speech.engines import fetch_transcriber

    with DownloadProgress() as progress:
        with suppress(ModelUnavailableError):
            if with_recogniser:
                fetch_transcriber(transcriber_options(settings), progress.report)
        with suppress(ModelUnavailableError):
            find_model(settings.offline, progress.report)


def transcriber_options(settings: Settings) -> TranscriberOptions:
    """The settings that say which recogniser is wanted."""
    from interviewer.speech.engines import TranscriberOptions

    return TranscriberOptions(
        model=settings.model,
        device=settings.device,
        compute_type=settings.compute_type,
        offline=settings.offline,
    )


def load_transcriber(settings: Settings, notice: Notice) -> Transcriber:
    """Load the recogniser; a stand-in is said out loud through `notice`."""
    from interviewer.speech.engines import find_transcriber

    found = find_transcriber(transcriber_options(settings))
    if found.notice:
        notice(found.notice)
    return found.transcriber


def load_scorer(settings: Settings) -> Scorer:
    """Load the scale and the embedding model."""
    from interviewer.scoring.embedding import SentenceEmbedder, find_model
    from interviewer.scoring.scale import load_scale
    from interviewer.scoring.scorer import Scorer

    scale = load_scale(settings.rubrics_dir)
    return Scorer(SentenceEmbedder(find_model(settings.offline)), scale)


def in_background(load: Callable[[], T], name: str) -> Future[T]:
    """Run `load` in a daemon thread, which no exit waits for; the future gives what it returns."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(load())
        except BaseException as error:  # handed to whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return future


def finisher(
    settings: Settings,
    archive: Archive,
    content: tuple[Bank, Mapping[str, Rubric]],
    notice: Notice,
    with_recogniser: bool = True,
) -> Finisher:
    """A finisher whose models start to load now, behind whatever comes next."""
    from interviewer.finishing import Finisher

    def recogniser() -> Transcriber:
        return load_transcriber(settings, notice)

    bank, rubrics = content
    scorer = in_background(lambda: load_scorer(settings), "load scorer")
    transcriber = (
        in_background(recogniser, "load recogniser").result if with_recogniser else recogniser
    )
    return Finisher(archive, bank, rubrics, transcriber, scorer.result, jargon(bank))


def jargon(bank: Bank) -> tuple[str, ...]:
    """The terms of the whole bank, for the recogniser; never those of one question alone."""
    return tuple(dict.fromkeys(term for question in bank.questions for term in question.terms))

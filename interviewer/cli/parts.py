"""The parts of the program, put together from the settings; shared by the commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from interviewer.bank.exchange.text import is_slug
from interviewer.bank.question import Bank, load_bank
from interviewer.bank.rubric import SCALE_FILE, Rubric, load_rubrics
from interviewer.errors import ModelUnavailableError, UsageError
from interviewer.settings import Settings, load_settings, shipped_dir

if TYPE_CHECKING:
    from interviewer.archive import Archive
    from interviewer.finishing import Finisher
    from interviewer.scoring.embedding import Embedder
    from interviewer.scoring.scorer import Scorer
    from interviewer.speech.engines import TranscriberOptions
    from interviewer.speech.transcript import Transcriber, Transcript

T = TypeVar("T")
Notice = Callable[[str], None]


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that turns speech into words."""
    options = (
        click.option(
            "--model",
            metavar="NAME|FOLDER|auto|offline",
            help="Whisper model: a name, a folder, `auto` for the largest that this machine keeps "
            "up with, or `offline` for pocketsphinx. [small.en]",
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
            "--mend/--no-mend",
            default=None,
            help="Put right misheard terms of the field, and mark them. [--mend]",
        ),
        click.option(
            "--offline", is_flag=True, default=None, help="Use only models that are here already."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def bank_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option of every command that reads questions or rubrics; see `settings_from`."""
    option = click.option(
        "--bank", metavar="NAME|FOLDER", help="A bank of your own. [the questions that are shipped]"
    )
    decorated: Callable[..., Any] = option(command)
    return decorated


def settings_from(options: Mapping[str, Any]) -> Settings:
    """The settings, with those command line options that are settings and were given.

    A `bank` among the options says where questions and rubrics are.

    Raises:
        UsageError: there is no such bank.
    """
    settings = load_settings({name: options.get(name) for name in Settings.model_fields})
    return settings if options.get("bank") is None else _with_bank(settings, options["bank"])


def _with_bank(settings: Settings, name: str) -> Settings:
    folder = bank_folder(settings, name)
    if not (folder / "bank").is_dir():
        banks = settings.banks_dir
        there = banks.iterdir() if banks.is_dir() else ()
        own = sorted(each.name for each in there if (each / "bank").is_dir())
        raise UsageError(
            f"there is no bank {name!r} in {folder}; yours are: {', '.join(own) or 'none yet'}",
            "make one with `interviewer bank new` or `interviewer bank import`",
        )
    places = {"bank_dir": folder / "bank", "rubrics_dir": folder / "rubrics"}
    return settings.model_copy(update=places)


def bank_folder(settings: Settings, name: str) -> Path:
    """Where the user's bank of that name is, or will be; a path names the folder itself."""
    return settings.banks_dir / name if is_slug(name) else Path(name).expanduser()


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
        speeds=settings.cache_dir / "speeds.json",
    )


def load_transcriber(settings: Settings, notice: Notice) -> Transcriber:
    """Load the recogniser; a stand-in is said out loud through `notice`."""
    from interviewer.speech.engines import find_transcriber

    found = find_transcriber(transcriber_options(settings))
    if found.notice:
        notice(found.notice)
    return found.transcriber


def load_scorer(settings: Settings, rubrics: Mapping[str, Rubric] | None = None) -> Scorer:
    """The scorer with the boundaries that the user's own grades ask for, where they do."""
    from interviewer.scoring.own_grades import read_own_grades

    shipped = load_shipped_scorer(settings, rubrics)
    own = read_own_grades(settings.archive_dir)
    return shipped.moved(own) if own is not None and own.used else shipped


def load_shipped_scorer(settings: Settings, rubrics: Mapping[str, Rubric] | None = None) -> Scorer:
    """Load the scale and the embedding model; vectors of the rubrics are kept in the cache."""
    from interviewer.scoring.coverage import rubric_texts
    from interviewer.scoring.remembering import RememberingEmbedder
    from interviewer.scoring.scale import load_scale
    from interviewer.scoring.scorer import Scorer

    scale = load_scale(scale_dir(settings))
    public = {text for rubric in (rubrics or {}).values() for text in rubric_texts(rubric)}
    folder = settings.cache_dir / "vectors"
    return Scorer(RememberingEmbedder(load_embedder(settings), public, folder), scale)


def load_embedder(settings: Settings) -> Embedder:
    """Load the embedding model."""
    from interviewer.scoring.embedding import SentenceEmbedder, find_model

    return SentenceEmbedder(find_model(settings.offline))


def scale_dir(settings: Settings) -> Path:
    """The folder of the scale: that of the rubrics, or that of the shipped ones if it has none."""
    own = (settings.rubrics_dir / SCALE_FILE).exists()
    return settings.rubrics_dir if own else shipped_dir("rubrics")


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
    scorer = in_background(lambda: load_scorer(settings, rubrics), "load scorer")
    transcriber = (
        in_background(recogniser, "load recogniser").result if with_recogniser else recogniser
    )
    mend = mender(settings, bank)
    return Finisher(archive, bank, rubrics, transcriber, scorer.result, jargon(bank), mend)


def jargon(bank: Bank) -> tuple[str, ...]:
    """The terms of the whole bank, for the recogniser; never those of one question alone."""
    from interviewer.speech.jargon import glossary

    return glossary(_terms(bank))


def mender(settings: Settings, bank: Bank) -> Callable[[Transcript], Transcript]:
    """What puts right the misheard terms of the bank, or does nothing where that is turned off."""
    from interviewer.speech.jargon import Mender

    return Mender(_terms(bank)).mend if settings.mend else lambda transcript: transcript


def _terms(bank: Bank) -> list[str]:
    return [term for question in bank.questions for term in question.terms]

"""Model weights from the Hugging Face hub: what is already here, what can be had, and getting it.

The only place that talks to the hub. It never does so before a short probe has shown that the hub
answers, since a hub client without a network goes on trying for minutes.
"""

from __future__ import annotations

import fnmatch
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

from interviewer.errors import ModelUnavailableError

PROBE_LIMIT_S = 1.4
STALL_LIMIT_S = 300.0  # the client reports every 10 MB, which take their time on a slow line
WEIGHTS = ("model.bin", "model.safetensors")
MODEL_FILES = (*WEIGHTS, "*.json", "*.txt")
"""What is kept of a repository: weights of one kind, and the small files beside them."""

Report: TypeAlias = Callable[[str, int, int], None]
"""Called with a file's name, the bytes that are here and the bytes there will be (0: not known).

It runs in the thread that waits for the download, and ends the download by raising.
"""


def report_nothing(name: str, done_bytes: int, total_bytes: int) -> None:
    """A `Report` for when nobody watches."""


def hub_cache_dir() -> Path:
    """Where the hub's client keeps models, shared with every other program that uses it."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return Path(named).expanduser()
    home = os.environ.get("HF_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home or Path(cache, "huggingface")).expanduser() / "hub"


def hub_endpoint() -> str:
    """The hub's address: `HF_ENDPOINT`, or the public one."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def cached_model(repo_id: str, revision: str | None = None) -> Path | None:
    """The folder of a model whose download was finished; None when there is none. No network.

    Args:
        repo_id: owner and name, such as "Systran/faster-whisper-small.en".
        revision: a commit or a branch; None means the main branch as it was last seen.
    """
    stored = hub_cache_dir() / f"models--{repo_id.replace('/', '--')}"
    branch = stored / "refs" / (revision or "main")
    try:
        commit = branch.read_text(encoding="utf-8").strip() if branch.is_file() else revision
    except OSError:
        return None
    if not commit:
        return None
    folder = stored / "snapshots" / commit
    complete = (
        (folder / "config.json").is_file()
        and (folder / "tokenizer.json").is_file()
        and any((folder / weights).is_file() for weights in WEIGHTS)
    )
    return folder if complete else None


def hub_reachable(offline: bool = False) -> bool:
    """Whether the hub answers within 1.4 s; found out once for the life of the process.

    Args:
        offline: the user forbids the network; `HF_HUB_OFFLINE=1` does too.
    """
    forbidden = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    return not offline and not forbidden and _answers(hub_endpoint())


@lru_cache
def _answers(url: str) -> bool:
    # Looking up a name can hang beyond any timeout of the socket, so a thread is left to it.
    answers: SimpleQueue[bool] = SimpleQueue()
    Thread(target=lambda: answers.put(_ask(url)), name="hub probe", daemon=True).start()
    try:
        return answers.get(timeout=PROBE_LIMIT_S)
    except Empty:
        return False


def _ask(url: str) -> bool:
    try:
        request = urllib.request.Request(url, method="HEAD")  # noqa: S310
        with urllib.request.urlopen(request, timeout=PROBE_LIMIT_S):  # noqa: S310
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True  # it is there; it may refuse this page and still serve models
    except (OSError, ValueError):
        return False


def download_model(
    repo_id: str, revision: str | None = None, report: Report = report_nothing
) -> Path:
    """Download a model into the hub's cache and return its folder; files already there are kept.

    Whatever `report` raises, and Ctrl-C, ends the wait at once.

    Args:
        repo_id: owner and name, such as "Systran/faster-whisper-small.en".
        revision: a commit or a branch; None means the main branch.
        report: told about the progress of each file.

    Raises:
        ModelUnavailableError: the hub does not answer or stops answering, or has no such model.
    """
    if not hub_reachable():
        raise _unavailable(repo_id, f"{hub_endpoint()} cannot be reached")
    news: SimpleQueue[tuple[str, int, int] | Path | Exception] = SimpleQueue()

    def work() -> None:
        try:
            news.put(_download(repo_id, revision or "main", lambda *event: news.put(event)))
        except Exception as error:  # handed to the thread that waits
            news.put(error)

    # The client cannot be stopped; the thread that waits for it can.
    Thread(target=work, name="hub download", daemon=True).start()
    while True:
        try:
            event = news.get(timeout=STALL_LIMIT_S)
        except Empty:
            raise _unavailable(repo_id, f"nothing came for {STALL_LIMIT_S:.0f} s") from None
        if isinstance(event, Path):
            return event
        if isinstance(event, Exception):
            raise _unavailable(repo_id, str(event).strip().split("\n")[0]) from event
        report(*event)


def _download(repo_id: str, revision: str, report: Report) -> Path:
    from huggingface_hub import HfApi, hf_hub_download

    endpoint = hub_endpoint()
    info = HfApi(endpoint, token=False).model_info(repo_id, revision=revision, timeout=10.0)
    names = [file.rfilename for file in info.siblings or ()]
    wanted = [n for n in names if any(fnmatch.fnmatch(n, pattern) for pattern in MODEL_FILES)]
    # The weights come last, so that a folder that has them has everything.
    for name in sorted(wanted, key=lambda name: (name in WEIGHTS, name)):
        hf_hub_download(
            repo_id,
            name,
            revision=revision,
            cache_dir=hub_cache_dir(),
            endpoint=endpoint,
            token=False,
            tqdm_class=_progress_bar(name, report),
        )
    found = cached_model(repo_id, revision)
    if found is None:
        raise FileNotFoundError(f"the hub's files are no complete model: {', '.join(names)}")
    return found


def _progress_bar(name: str, report: Report) -> Any:
    """A class that looks to the hub's client like a tqdm bar, and passes progress on."""

    class ReportingBar:
        def __init__(self, *_: object, total: int | None = None, initial: int = 0, **__: object):
            self.n = initial
            self.total = total

        def __enter__(self) -> ReportingBar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, n: float | None = 1) -> None:
            self.n += int(n or 0)
            report(name, self.n, self.total or 0)

        def update_transfer(self, n: float | None = 1) -> None:
            """Bytes on the wire, which may be fewer than those of the file: not reported."""

        def __getattr__(self, _: str) -> Callable[..., None]:
            return lambda *_, **__: None  # how a bar looks is no matter of ours

    return ReportingBar


def _unavailable(repo_id: str, reason: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"cannot download the model {repo_id}: {reason}",
        f"when online, type: hf download {repo_id}",
    )

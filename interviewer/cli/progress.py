"""A progress bar for model downloads, shown only once there is something to show."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class DownloadProgress:
    """Draws `report(name, done_bytes, total_bytes)` calls as bars on standard error."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> DownloadProgress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._tasks:
            self._progress.stop()

    def report(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """Note how far the download of `name` is; a total of 0 means it is not known yet."""
        if name not in self._tasks:
            self._progress.start()
            self._tasks[name] = self._progress.add_task(f"Downloading {name}", total=None)
        self._progress.update(self._tasks[name], completed=done_bytes, total=total_bytes or None)

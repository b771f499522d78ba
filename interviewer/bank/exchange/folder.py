"""A bank's folder, `bank/` and `rubrics/`, and any other file: written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interviewer.bank.exchange.assembly import Imported
from interviewer.bank.exchange.yaml_writer import bank_yaml, rubric_yaml
from interviewer.bank.yaml_file import MAX_BYTES, MAX_VALUES, read_yaml
from interviewer.errors import BankError, UsageError


def write_bank(imported: Imported, target: Path, replace: bool = False) -> None:
    """Write `target/bank/*.yaml` and `target/rubrics/*.yaml`, one file each per category.

    Raises:
        UsageError: the folder is there and `replace` is false, or holds more than a bank.
        BankError: a category is too large for one file, or the folder cannot be written.
    """
    target = target.resolve()
    _check_target(target, replace)
    with _scratch(target) as scratch:
        made = scratch / "made"
        for folder in ("bank", "rubrics"):
            (made / folder).mkdir(parents=True)
        width = max(2, len(str(len(imported.bank.categories))))
        for number, category in enumerate(imported.bank.categories, 1):
            name = f"{number:0{width}}-{category.slug}.yaml"
            rubrics = [
                imported.rubrics[question.id]
                for question in category.questions
                if question.id in imported.rubrics
            ]
            _write(made / "bank" / name, category.title, bank_yaml(category))
            if rubrics:
                _write(made / "rubrics" / name, category.title, rubric_yaml(category.slug, rubrics))
        if target.exists():
            target.rename(scratch / "old")
        try:
            made.rename(target)
        except BaseException:  # an interruption, too, must not lose the old bank
            if (scratch / "old").exists():
                (scratch / "old").rename(target)
            raise


@contextmanager
def written_whole(target: Path, replace: bool = False) -> Iterator[Path]:
    """A path to write to, which becomes `target` when the block ends well.

    Raises:
        UsageError: `target` is there and `replace` is false, or is no file.
        BankError: it cannot be written.
    """
    if target.is_dir():
        raise UsageError(f"{target} is a folder; allowed: a file", f"{target / 'questions.md'}")
    if target.exists() and not replace:
        raise UsageError(
            f"{target} is there already", "name another file, or overwrite it with --replace"
        )
    with _scratch(target) as scratch:
        yield scratch / target.name
        (scratch / target.name).replace(target)


def _check_target(target: Path, replace: bool) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not replace:
        raise UsageError(
            f"{target} is there already",
            "choose another name with --name, or replace it with --replace",
        )
    # Whatever is replaced is deleted, so it must be nothing but a bank.
    if target.is_dir():
        others = (
            path
            for path in target.rglob("*")
            if path.is_symlink()
            or path.relative_to(target).parts[0] not in ("bank", "rubrics")
            or not (path.is_dir() or path.suffix in (".yaml", ".yml"))
        )
        other = next(others, None)
        if other is None:
            return
        problem = f"{target} holds more than a bank: {other.relative_to(target)}"
    else:
        problem = f"{target} is no folder"
    raise UsageError(f"{problem}; allowed: a folder that an import has made", "choose --to another")


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A folder beside the target, so that a rename is all that is left to do."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".exchange-"))
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        yield scratch
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unwritable(target: Path, error: OSError) -> BankError:
    reason = error.strerror or type(error).__name__
    return BankError(f"cannot write {target}: {reason}", "choose another place, or make room")


def _write(file: Path, title: str, text: str) -> None:
    content = text.encode("utf-8")
    file.write_bytes(content)
    if len(content) < MAX_VALUES:  # it cannot hold more values than a file may
        return
    try:
        read_yaml(file)
    except BankError as error:
        raise BankError(
            f"the category {title!r} is too large for one file: allowed are {MAX_BYTES:,} bytes "
            f"and {MAX_VALUES:,} values, for questions or rubrics",
            "give its questions several categories",
        ) from error

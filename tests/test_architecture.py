"""The direction of imports, and what `--help` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "interviewer"
LEVELS = (
    {"errors", "settings", "hub"},
    {"bank", "audio", "speech", "scoring"},
    {"archive", "report", "study"},
    {"follow_up", "finishing", "interaction", "interview", "linting", "listening", "scripted"},
    {"cli", "web"},
    {"__main__"},
)
# Within the rooms of one level there is a direction, too.
NEIGHBOURS = {
    "settings": {"errors"},
    "hub": {"errors"},
    "speech": {"audio"},
    "scoring": {"bank", "speech"},
    "report": {"archive"},
    "study": {"archive"},
    "finishing": {"follow_up"},
    "interaction": {"finishing"},
    "listening": {"interaction"},
    "interview": {"finishing", "follow_up", "interaction", "listening"},
    "scripted": {"finishing", "interaction"},
}
HEAVY = {
    "torch",
    "sentence_transformers",
    "transformers",
    "faster_whisper",
    "ctranslate2",
    "onnxruntime",
    "pocketsphinx",
    "pyttsx3",
    "sounddevice",
    "soxr",
    "huggingface_hub",
    "fastapi",
    "numpy",
    "pydantic",
    "rich",
    "sqlalchemy",
    "alembic",
}
ADAPTERS = {
    "sounddevice": {"audio/device.py"},
    "pyttsx3": {"speech/voice_child.py"},
    "faster_whisper": {"speech/whisper.py"},
    "pocketsphinx": {"speech/sphinx.py"},
    "sentence_transformers": {"scoring/embedding.py"},
    "huggingface_hub": {"hub.py"},
    "sqlalchemy": {"archive"},
}
# What neither hears nor loads a model, directly or through what it imports.
PURE = ("bank", "scoring/coverage.py", "scoring/grade.py", "report/summary.py")
ENGINES = HEAVY - {"numpy", "pydantic", "rich", "sqlalchemy", "alembic"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """Dotted names imported anywhere in a file, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


def room(dotted: str) -> str:
    return dotted.split(".")[1] if "." in dotted else ""


def level(name: str) -> int:
    return next(number for number, rooms in enumerate(LEVELS) if name in rooms)


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_up_the_list_only(file: Path) -> None:
    here = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if here == "__init__":
        assert not [name for name in imports(file) if name.startswith("interviewer")]
        return
    for name in imports(file):
        there = room(name)
        if not name.startswith("interviewer") or there in ("", here):
            continue
        allowed = level(there) < level(here) or there in NEIGHBOURS.get(here, set())
        assert allowed, f"{file.name} imports {name}: {here} may not use {there}"


@pytest.mark.parametrize("library", sorted(ADAPTERS))
def test_a_library_is_named_in_its_adapter_only(library: str) -> None:
    users = set()
    for file in modules():
        if library in {name.partition(".")[0] for name in imports(file)}:
            path = file.relative_to(PACKAGE)
            users.add(path.as_posix() if path.as_posix() in ADAPTERS[library] else path.parts[0])
    assert users <= ADAPTERS[library]


@pytest.mark.parametrize("pure", PURE)
def test_the_pure_core_loads_neither_engine_nor_model(pure: str) -> None:
    target = PACKAGE / pure
    files = [target] if target.suffix else sorted(target.rglob("*.py"))
    assert files
    for file in files:
        dotted = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        loaded = loaded_by(f"import {dotted.removesuffix('.__init__')}")
        assert not loaded & ENGINES, f"{dotted} loads {loaded & ENGINES}"


def loaded_by(code: str) -> set[str]:
    """Top-level packages that running `code` imports."""
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_imports_nothing_heavy() -> None:
    loaded = loaded_by("from interviewer.cli.main import run\nassert run(['--help']) == 0")
    assert "click" in loaded
    assert not loaded & HEAVY


def test_every_command_of_the_help_exists() -> None:
    from interviewer.cli.main import COMMANDS, run

    for name in COMMANDS:
        assert run([name, "--help"]) == 0

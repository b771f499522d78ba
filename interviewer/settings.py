"""One frozen `Settings`: defaults < configuration file < environment < command line."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from interviewer.errors import SettingsError

PACKAGE_DIR = Path(__file__).resolve().parent
ENVIRONMENT_PREFIX = "INTERVIEWER_"


def shipped_dir(name: str) -> Path:
    """Where `bank` or `rubrics` is: inside the installed package, or beside it in a checkout."""
    packaged = PACKAGE_DIR / "shipped" / name
    return packaged if packaged.is_dir() else PACKAGE_DIR.parent / name


def default_archive_dir() -> Path:
    """`recordings/` of a checkout, or the user's data folder once the package is installed."""
    checkout = PACKAGE_DIR.parent
    if (checkout / "pyproject.toml").is_file():
        return checkout / "recordings"
    return Path(platformdirs.user_data_dir("interviewer", appauthor=False)) / "recordings"


def default_banks_dir() -> Path:
    """Where the user's own banks lie, each a folder that holds `bank/` and `rubrics/`."""
    return Path(platformdirs.user_data_dir("interviewer", appauthor=False)) / "banks"


def config_file(environment: Mapping[str, str] = os.environ) -> Path:
    """`INTERVIEWER_CONFIG`, or config.toml in the user's configuration folder."""
    named = environment.get(ENVIRONMENT_PREFIX + "CONFIG")
    if named:
        return Path(named)
    return Path(platformdirs.user_config_dir("interviewer", appauthor=False)) / "config.toml"


class Settings(BaseModel):
    """What a user may set once for every command. Unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bank_dir: Path = Field(default_factory=lambda: shipped_dir("bank"))
    rubrics_dir: Path = Field(default_factory=lambda: shipped_dir("rubrics"))
    banks_dir: Path = Field(default_factory=default_banks_dir)
    """The user's own banks; the option `--bank` names one of them."""
    archive_dir: Path = Field(default_factory=default_archive_dir)
    cache_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("interviewer", appauthor=False))
    )
    database: str = ""
    """SQLAlchemy URL; empty means `archive.db` in `archive_dir`."""

    model: str = "small.en"
    """Whisper model: a name, a folder, `auto`, or `offline` for pocketsphinx."""
    device: Literal["cpu", "cuda", "auto"] = "auto"
    compute_type: str = "auto"
    """CTranslate2 type; `auto` is float16 on a GPU and int8 on a CPU."""

    mend: bool = True
    """Put right the terms of the field that the recogniser misheard, and mark them."""

    microphone: str = ""
    """Name or number of the input device; empty means the system's default."""
    speaker: str = ""
    voice: str = ""
    """Name or id of a pyttsx3 voice; empty means an English default."""
    speaking_rate_wpm: int = Field(default=165, ge=80, le=400)
    offline: bool = False
    """Never try the network: use only models that are already here."""


def load_settings(
    command_line: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Merge the sources; a `None` on the command line means "not given".

    Raises:
        SettingsError: a file cannot be read, or a name or value is not allowed.
    """
    file = config_file(environment)
    merged: dict[str, Any] = {}
    merged.update(_read_file(file))
    merged.update(_read_environment(environment))
    given = {name: value for name, value in (command_line or {}).items() if value is not None}
    merged.update(given)
    try:
        return Settings(**merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"setting {name!r}: {first['msg']}",
            f"look for {name} in {file} and for {ENVIRONMENT_PREFIX}{name.upper()}; "
            f"the settings are {', '.join(Settings.model_fields)}",
        ) from error


def _read_file(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(
            f"cannot read the settings in {file}: {error}",
            'write lines like: model = "small.en"',
        ) from error


def _read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    names = {ENVIRONMENT_PREFIX + field.upper(): field for field in Settings.model_fields}
    return {names[key]: value for key, value in environment.items() if key in names and value}

"""Shared fixtures: every test gets a home of its own and never sees the user's."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tests.virtual_sound"]


@pytest.fixture(autouse=True)
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, cache and archive in the test's own folder, and no models cached by the hub."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("INTERVIEWER_CONFIG", str(home / "config.toml"))
    monkeypatch.setenv("INTERVIEWER_ARCHIVE_DIR", str(home / "recordings"))
    monkeypatch.setenv("INTERVIEWER_BANKS_DIR", str(home / "banks"))
    monkeypatch.setenv("INTERVIEWER_CACHE_DIR", str(home / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(home / "hub"))
    return home

"""What is cached, whether the hub answers, and downloads from a small hub of our own."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from interviewer import hub
from interviewer.errors import ModelUnavailableError

REPO = "Somebody/tiny-model"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "README.md": b"not wanted",
    "config.json": b"{}",
    "model.bin": bytes(range(256)) * 400,
    "pytorch_model.bin": b"not wanted either",
    "tokenizer.json": b'{"tokens": []}',
    "vocabulary.txt": b"a\nb\n",
}
WANTED = {"config.json", "model.bin", "tokenizer.json", "vocabulary.txt"}


class _Hub(BaseHTTPRequestHandler):
    """As much of the hub as its client needs to download a public model."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        parts = self.path.split("?")[0].strip("/").split("/")
        if self.path.startswith(f"/api/models/{REPO}"):
            body = json.dumps(
                {"id": REPO, "sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES]}
            ).encode()
        elif "/".join(parts[:2]) == REPO and parts[-1] in FILES:
            body = FILES[parts[-1]]
        elif self.path == "/":
            body = b"a hub"
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{parts[-1]}-etag"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def forget_probe() -> Iterator[None]:
    hub._answers.cache_clear()
    yield
    hub._answers.cache_clear()


@pytest.fixture
def own_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield url
        server.shutdown()
        thread.join()


def _cache(folder: Path, names: set[str]) -> Path:
    """Lay out `names` as the hub's client does."""
    stored = folder / "hub" / f"models--{REPO.replace('/', '--')}"
    snapshot = stored / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text(COMMIT)
    for name in names:
        (snapshot / name).write_bytes(FILES[name])
    return snapshot


def test_complete_model_in_the_cache_is_found(private_home: Path) -> None:
    snapshot = _cache(private_home, WANTED)
    assert hub.cached_model(REPO) == snapshot
    assert hub.cached_model(REPO, COMMIT) == snapshot
    assert hub.cached_model(REPO, "f" * 40) is None


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.bin"])
def test_half_a_model_does_not_count(private_home: Path, missing: str) -> None:
    _cache(private_home, WANTED - {missing})
    assert hub.cached_model(REPO) is None


def test_interrupted_weights_do_not_count(private_home: Path) -> None:
    snapshot = _cache(private_home, WANTED - {"model.bin"})
    (snapshot / "model.bin").symlink_to(private_home / "blob-that-never-came")
    assert hub.cached_model(REPO) is None


def test_unreachable_hub_is_found_out_quickly_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that takes connections and never answers, like a network that swallows packets."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        start = time.monotonic()
        assert not hub.hub_reachable()
        assert time.monotonic() - start < 1.6
        start = time.monotonic()
        with pytest.raises(ModelUnavailableError, match="cannot be reached"):
            hub.download_model(REPO)
        assert time.monotonic() - start < 0.1


def test_name_lookup_that_hangs_does_not_hold_us_up(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> None:
        released.wait(30)
        raise OSError("no such host")

    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    start = time.monotonic()
    assert not hub.hub_reachable()
    assert time.monotonic() - start < 1.6
    released.set()


def test_closed_port_and_nonsense_address_are_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"http://127.0.0.1:{server.getsockname()[1]}"
    for url in (closed, "nonsense"):
        monkeypatch.setenv("HF_ENDPOINT", url)
        assert not hub.hub_reachable()


def test_offline_asks_nobody(own_hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not hub.hub_reachable(offline=True)
    assert hub.hub_reachable()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert not hub.hub_reachable()


def test_download_brings_the_wanted_files_and_reports(own_hub: str, private_home: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    folder = hub.download_model(REPO, report=lambda *event: seen.append(event))
    assert folder.is_relative_to(private_home)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        name: FILES[name] for name in WANTED
    }
    n_bytes = len(FILES["model.bin"])
    assert seen[-1] == ("model.bin", n_bytes, n_bytes), "the weights come last"
    assert hub.cached_model(REPO) == folder


def test_report_can_end_a_download(own_hub: str) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.download_model(REPO, report=stop)


def test_unknown_model_is_an_error_with_a_command(own_hub: str) -> None:
    with pytest.raises(ModelUnavailableError) as caught:
        hub.download_model("Somebody/no-such-model")
    assert "no-such-model" in caught.value.message
    assert caught.value.hint.endswith("hf download Somebody/no-such-model")

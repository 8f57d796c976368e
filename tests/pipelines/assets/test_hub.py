"""The client is the real one; the hub is a server of this process."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from pipelines.assets.hub import hub, hub_cache
from watermark.errors import AssetError

REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b"{}", "1_Pooling/config.json": b"[]"}


class Hub(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.wfile.write(self.answer())

    def answer(self) -> bytes:
        prefix = f"/fox/words/resolve/{REVISION}/"
        body = FILES.get(self.path.removeprefix(prefix), b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{len(body)}"')
        self.send_header("X-Repo-Commit", REVISION)
        if not body:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        return body

    def log_message(self, format, *arguments):
        pass


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


@pytest.fixture
def endpoint(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    go_online(monkeypatch, address)
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def go_online(monkeypatch, address: str) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", address)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def content(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_files_are_downloaded_at_the_revision_and_nothing_else_is_left(folder, endpoint):
    told = hub("fox/words", REVISION).fetch(folder, FILES.keys())
    assert told == f"hub, fox/words at {REVISION}"
    assert content(folder) == FILES


def test_a_file_the_repository_lacks_is_told(folder, endpoint):
    with pytest.raises(AssetError, match="Entry Not Found"):
        hub("fox/words", REVISION).fetch(folder, {"absent.json"})


def test_a_hub_out_of_reach_is_told_at_once(folder, monkeypatch):
    go_online(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(AssetError, match="does not answer"):
        hub("fox/words", REVISION).fetch(folder, FILES.keys())


def test_offline_mode_is_respected(folder, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(AssetError, match="HF_HUB_OFFLINE is set"):
        hub("fox/words", REVISION).fetch(folder, FILES.keys())


@pytest.fixture
def cache(tmp_path, monkeypatch):
    snapshot = tmp_path / "hub" / "models--fox--words" / "snapshots" / REVISION
    for name, body in FILES.items():
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).write_bytes(body)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.mark.usefixtures("cache")
def test_what_the_cache_has_at_the_revision_is_copied(folder):
    told = hub_cache("fox/words", REVISION).fetch(folder, FILES.keys())
    assert told == f"hub cache, fox/words at {REVISION}"
    assert content(folder) == FILES


@pytest.mark.usefixtures("cache")
def test_a_cache_that_lacks_a_file_is_told(folder):
    with pytest.raises(AssetError, match=r"absent\.json of fox/words is not in the cache"):
        hub_cache("fox/words", REVISION).fetch(folder, {"config.json", "absent.json"})


@pytest.mark.usefixtures("cache")
def test_another_revision_in_the_cache_will_not_do(folder):
    with pytest.raises(AssetError, match="is not in the cache"):
        hub_cache("fox/words", "f" * 40).fetch(folder, {"config.json"})

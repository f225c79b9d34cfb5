"""A small server that implements the part of the Hugging Face API that downloads use."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


class Server(ThreadingHTTPServer):
    """A stand-in for the Hugging Face Hub.

    repos: folder of each. asked: method and path of every request, in order. gated: repos that need a log-in. broken:
    paths inside of repos that are answered with a server error.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Speaks)
        self.repos, self.asked, self.gated, self.broken = {}, [], set(), set()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    def fetched(self):
        """Files whose contents were sent."""
        return sorted(path.split("/resolve/")[1].split("/", 1)[1] for how, path in self.asked if how == "GET"
                      if "/resolve/" in path)  # fmt: skip


def commit(folder):
    """Forty digits that change with the contents."""
    digest = hashlib.sha1()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


class Speaks(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        path = urlsplit(self.path).path
        self.server.asked.append((self.command, path))
        parts = path.removeprefix("/api/models").strip("/").split("/")
        repo, rest = "/".join(parts[:2]), parts[2:]
        folder = self.server.repos.get(repo)
        if folder is None:
            return self.fail(404, "RepoNotFound")
        if path.startswith("/api/models"):
            return self.send(json.dumps(self.repo_info(repo, folder, rest)).encode(), body=body)
        if repo in self.server.gated:
            return self.fail(403, "GatedRepo")
        name = "/".join(rest[2:])
        if name in self.server.broken:
            return self.fail(409, "Broken")
        data = (folder / name).read_bytes()
        return self.send(data, {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": commit(folder)}, body)

    def repo_info(self, repo, folder, rest):
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        named = [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files]
        if rest[:1] == ["tree"]:
            return [{"type": "file", "path": name, "size": size, "oid": "0" * 40} for name, size in named]
        siblings = [{"rfilename": name, "size": size, "blobId": "0" * 40} for name, size in named]
        return {"id": repo, "sha": commit(folder), "siblings": siblings, "private": False, "tags": [], "downloads": 0}

    def fail(self, status, code):
        self.send(b'{"error": "no"}', {"X-Error-Code": code}, True, status)

    def send(self, data, headers=None, body=True, status=200):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body and self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *args):
        """Log nothing."""


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def use(monkeypatch, address, cache):
    """Redirect the hub's library, which reads its environment only once, to this server."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


def lay_out(folder, files):
    """Write files with these contents into a folder; a number stands for so many bytes."""
    for name, data in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(data) if isinstance(data, int) else data)
    return folder

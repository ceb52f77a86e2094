"""A hub of our own for tests: an HTTP server on this computer that answers as the Hugging Face hub does, and can misbehave.

It keeps data sets as commits of files, mints a new commit for every push, and knows private and gated ones, branches and pull
requests. `python -m tests.hub_stand_in` runs one with a data set of the sample, to try the app against it by hand.
"""

import base64
import contextlib
import dataclasses
import hashlib
import http.server
import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

TOKEN = "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"
READ_ONLY = "hf_MayOnlyRead"
LICENCES = {"apache-2.0", "mit", "cc-by-4.0"}


def card(text: str = "", **about) -> bytes:
    """Return a README.md with a YAML part."""
    return f"---\n{yaml.safe_dump(about)}---\n{text}\n".encode()


@dataclasses.dataclass
class Repo:
    """A data set. commits: {commit: {path: content}}. refs: {branch: its commit}."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = dataclasses.field(default_factory=dict)
    refs: dict[str, str] = dataclasses.field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Put files on a branch, and return the new commit."""
        made = hashlib.sha1(repr((branch, len(self.commits), sorted(files))).encode()).hexdigest()
        self.commits[made], self.refs[branch] = dict(files), made
        return made

    def find(self, revision: str) -> str | None:
        return self.refs.get(revision) or (revision if revision in self.commits else None)


@dataclasses.dataclass
class Hub:
    """The stand-in, as a test sees it. asked: (method, path, range, whether with a token) of every request.

    cuts: how many answers with a file's content break off after `cut_at` bytes. refusing: a status for every request, or 0.
    garbling: whether a file's content is sent as other bytes, as many. stalls_at: after so many bytes of a file it falls silent
    until `go_on`, 0 for never.
    """

    address: str = ""
    repos: dict[str, Repo] = dataclasses.field(default_factory=dict)
    asked: list[tuple[str, str, str, bool]] = dataclasses.field(default_factory=list)
    stored: dict[str, bytes] = dataclasses.field(default_factory=dict)
    messages: list[str] = dataclasses.field(default_factory=list)
    cuts: int = 0
    cut_at: int = 1000
    refusing: int = 0
    garbling: bool = False
    stalls_at: int = 0
    go_on: threading.Event = dataclasses.field(default_factory=threading.Event)

    def add(self, name: str, files: dict[str, bytes], **about) -> str:
        """Add a data set and return its commit."""
        self.repos[name] = Repo(**about)
        return self.repos[name].commit({".gitattributes": b"", **files})

    def files(self, name: str, branch: str = "main") -> dict[str, bytes]:
        """Return what is on a branch."""
        return self.repos[name].commits[self.repos[name].refs[branch]]

    def fetched(self) -> list[str]:
        """Return the paths whose content was asked for."""
        return [path.split("/resolve/")[1].split("/", 1)[1] for verb, path, *_ in self.asked if "/resolve/" in path]


class _Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_):
        pass

    # What is sent

    def send(self, status: int, value=None, raw: bytes | None = None, cut: int = 0, **headers: str) -> None:
        body = raw if raw is not None else json.dumps(value).encode()
        self.send_response(status)
        for name, each in headers.items():
            self.send_header(name.replace("_", "-"), each)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            if stalls := self.hub.stalls_at if raw is not None else 0:
                self.wfile.write(body[:stalls])
                self.wfile.flush()
                self.hub.go_on.wait(60)
            with contextlib.suppress(ConnectionError):  # of a reader that has gone meanwhile
                self.wfile.write(body[stalls:cut] if cut else body[stalls:])
        if cut:
            self.wfile.flush()
            self.close_connection = True

    def refuse(self, status: int, code: str = "", message: str = "") -> None:
        headers = {"X_Error_Code": code} if code else {}
        self.send(status, {"error": message or code}, **headers | ({"X_Error_Message": message} if message else {}))

    # What is asked

    def answer(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        path, query = urllib.parse.unquote(url.path), urllib.parse.parse_qs(url.query)
        told = self.headers.get("Authorization", "")
        self.token = told.removeprefix("Bearer ") if told else ""
        self.hub.asked.append((self.command, path, self.headers.get("Range", ""), bool(told)))
        body = self._body()
        if self.hub.refusing:
            return self.refuse(self.hub.refusing)
        if self.token not in ("", TOKEN, READ_ONLY):
            return self.refuse(401, message="Invalid credentials in Authorization header")
        for pattern, do in _ROUTES:
            if found := re.fullmatch(pattern, path):
                return do(self, found, query, body)
        return self.refuse(404, message=f"no route {path}")

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = answer  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline().strip(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def repo(self, name: str, writes: bool = False) -> Repo | None:
        """Return a data set that may be seen, else refuse."""
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and not self.token):
            self.refuse(404 if self.token else 401, "RepoNotFound")
        elif repo.gated and not self.token:
            self.refuse(401, "GatedRepo")
        elif writes and self.token != TOKEN:
            self.refuse(403 if self.token else 401, message="You have no right to write here")
        else:
            return repo
        return None

    # Reading

    def info(self, found, query, body) -> None:
        if (repo := self.repo(found[1])) is None:
            return
        if (commit := repo.find(found[2] or "main")) is None:
            return self.refuse(404, "RevisionNotFound")
        told = yaml.safe_load(_yaml_of(repo.commits[commit].get("README.md", b"")) or "{}")
        about = {"_id": "1", "id": found[1], "sha": commit, "private": repo.private, "tags": [], "cardData": told}
        self.send(200, about | {"downloads": 0, "likes": 0, "siblings": []})

    def tree(self, found, query, body) -> None:
        if (repo := self.repo(found[1])) is None:
            return
        if (commit := repo.find(found[2])) is None:
            return self.refuse(404, "RevisionNotFound")
        self.send(200, [_entry(path, content) for path, content in repo.commits[commit].items()])

    def content(self, found, query, body) -> None:
        if (repo := self.repo(found[1])) is None:
            return
        commit = repo.find(found[2])
        if commit is None or found[3] not in repo.commits[commit]:
            return self.refuse(404, "EntryNotFound" if commit else "RevisionNotFound")
        held = repo.commits[commit][found[3]]
        held = b"x" * len(held) if self.hub.garbling else held
        headers = {"ETag": f'"{_blob(held)}"', "X_Repo_Commit": commit, "Accept_Ranges": "bytes"}
        begin = int(re.match(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-"))[1])
        if begin:
            headers["Content_Range"] = f"bytes {begin}-{len(held) - 1}/{len(held)}"
        cut = self.command == "GET" and self.hub.cuts > 0 and len(held) - begin > self.hub.cut_at
        self.hub.cuts -= cut
        self.send(206 if begin else 200, raw=held[begin:], cut=self.hub.cut_at if cut else 0, **headers)

    # Writing

    def create(self, found, query, body) -> None:
        asked = json.loads(body)
        name = f"{asked.get('organization') or 'ann'}/{asked['name']}"
        if self.token != TOKEN:
            return self.refuse(403 if self.token else 401, message="You have no right to write here")
        if name in self.hub.repos:
            return self.send(
                409, {"error": "You already created this dataset repo", "url": f"{self.hub.address}/datasets/{name}"}
            )
        self.hub.add(name, {}, private=asked.get("visibility") == "private")
        self.send(200, {"url": f"{self.hub.address}/datasets/{name}", "name": name, "id": name})

    def validate(self, found, query, body) -> None:
        try:
            told = yaml.safe_load(_yaml_of(json.loads(body)["content"].encode()) or "")
        except yaml.YAMLError as error:
            return self.send(400, {"errors": [{"message": str(error)}], "warnings": []})
        wrong = [] if isinstance(told, dict) else [{"message": "no YAML at the top"}]
        if not wrong and not {*([told.get("license")] if isinstance(told.get("license"), str) else [])} <= LICENCES:
            wrong = [{"message": '"license" must be one of those that the hub knows'}]
        self.send(400 if wrong else 200, {"errors": wrong, "warnings": []})

    def preupload(self, found, query, body) -> None:
        if self.repo(found[1], writes=True) is None:
            return
        modes = [
            {"path": file["path"], "uploadMode": "lfs" if _is_large(file["path"]) else "regular", "shouldIgnore": False}
            for file in json.loads(body)["files"]
        ]
        self.send(200, {"files": modes})

    def batch(self, found, query, body) -> None:
        if self.repo(found[1], writes=True) is None:
            return
        objects = [
            each | {"actions": {"upload": {"href": f"{self.hub.address}/lfs/{each['oid']}", "header": {}}}}
            for each in json.loads(body)["objects"]
        ]
        self.send(200, {"transfer": "basic", "objects": objects})

    def store(self, found, query, body) -> None:
        assert hashlib.sha256(body).hexdigest() == found[1]
        self.hub.stored[found[1]] = body
        self.send(200, {})

    def branch(self, found, query, body) -> None:
        if (repo := self.repo(found[1], writes=True)) is None:
            return
        if found[2] in repo.refs:
            return self.refuse(409, message="Reference already exists")
        repo.refs[found[2]] = repo.find(json.loads(body or b"{}").get("startingPoint", "main"))
        self.send(200, {})

    def refs(self, found, query, body) -> None:
        if (repo := self.repo(found[1])) is None:
            return
        named = [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": commit} for name, commit in repo.refs.items()
        ]
        self.send(200, {"branches": named, "tags": [], "converts": []})

    def commit(self, found, query, body) -> None:
        if (repo := self.repo(found[1], writes=True)) is None:
            return
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        head = repo.find(found[2])
        asked = lines[0]["value"]
        if head is None:
            return self.refuse(404, "RevisionNotFound")
        if asked.get("parentCommit") not in (None, head):
            return self.refuse(412, message="A commit has happened since")
        files = dict(repo.commits[head])
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.stored[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        number = sum(name.startswith("refs/pr/") for name in repo.refs) + 1
        pull_request = query.get("create_pr") == ["1"]
        made = repo.commit(files, f"refs/pr/{number}" if pull_request else found[2])
        self.hub.messages.append(asked["summary"])
        page = f"{self.hub.address}/datasets/{found[1]}"
        told = {"commitUrl": f"{page}/commit/{made}", "commitOid": made, "hookOutput": ""}
        self.send(200, told | ({"pullRequestUrl": f"{page}/discussions/{number}"} if pull_request else {}))


_NAME = r"([\w.-]+/[\w.-]+)"
_ROUTES = (
    (rf"/api/datasets/{_NAME}(?:/revision/(.+))?", _Answers.info),
    (rf"/api/datasets/{_NAME}/tree/([^?]+)", _Answers.tree),
    (rf"/datasets/{_NAME}/resolve/([^/]+)/(.+)", _Answers.content),
    (r"/api/repos/create", _Answers.create),
    (r"/api/validate-yaml", _Answers.validate),
    (rf"/api/datasets/{_NAME}/preupload/(.+)", _Answers.preupload),
    (rf"/datasets/{_NAME}\.git/info/lfs/objects/batch", _Answers.batch),
    (r"/lfs/(\w+)", _Answers.store),
    (rf"/api/datasets/{_NAME}/branch/(.+)", _Answers.branch),
    (rf"/api/datasets/{_NAME}/refs", _Answers.refs),
    (rf"/api/datasets/{_NAME}/commit/(.+)", _Answers.commit),
)


def _yaml_of(readme: bytes) -> str:
    parts = readme.decode().split("---\n")
    return parts[1] if readme.startswith(b"---\n") and len(parts) > 2 else ""


def _is_large(path: str) -> bool:
    return path.endswith((".parquet", ".png", ".gz", ".jsonl"))


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _entry(path: str, content: bytes) -> dict:
    about = {"type": "file", "path": path, "size": len(content), "oid": _blob(content)}
    if not _is_large(path):
        return about
    return about | {"lfs": {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}}


def start() -> tuple[Hub, http.server.ThreadingHTTPServer]:
    """Start a hub on a free port."""
    hub = Hub()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Answers", (_Answers,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return hub, server


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator[Hub]:
    """A hub without data sets, which is asked from now on; no token is set."""
    made, server = start()
    monkeypatch.setenv("HF_ENDPOINT", made.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")  # of a job in a process of its own; here it is read already
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield made
    made.go_on.set()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    served, _ = start()
    lines = (Path(__file__).resolve().parent.parent / "assets" / "sample.jsonl").read_bytes().splitlines(keepends=True)
    splits = [{"split": split, "path": f"{split}.jsonl"} for split in ("train", "test")]
    files = {"train.jsonl": b"".join(lines[:500]), "test.jsonl": b"".join(lines[500:])}
    about = card("# Sample", license="apache-2.0", configs=[{"config_name": "main", "data_files": splits}])
    served.add("ann/sample", {"README.md": about, **files})
    print("A hub that has ann/sample, for those who start Winnow with:", flush=True)
    print(
        f"HF_ENDPOINT={served.address} NO_PROXY=127.0.0.1,localhost HF_HUB_DISABLE_XET=1 HF_TOKEN={TOKEN}", flush=True
    )
    threading.Event().wait()

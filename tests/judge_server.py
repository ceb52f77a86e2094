"""A small HTTP server that speaks the chat-completions protocol, with faults on demand."""

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator

Answer = Callable[[str, int], str | int | bytes]


@contextlib.contextmanager
def judge_server(answer: Answer, fault: str = "") -> Iterator[tuple[str, list[dict]]]:
    """Serve on a free port; yield (base URL, the requests so far).

    `answer(question, how often it was asked before)` returns the message, an HTTP status to fail with, or raw bytes.
    fault: what is said with such a status.
    """
    requests: list[dict] = []
    asked: dict[str, int] = {}
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            question = body["messages"][-1]["content"]
            with lock:
                requests.append(body | {"path": self.path, "key": self.headers.get("Authorization", "")})
                before = asked.get(question, 0)
                asked[question] = before + 1
            reply = answer(question, before)
            if isinstance(reply, int):
                self._send(reply, json.dumps({"error": {"message": fault or f"fault {reply}"}}).encode())
            elif isinstance(reply, bytes):
                self._send(200, reply)
            else:
                message = {"role": "assistant", "content": reply}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                whole = {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": body["model"],
                    "choices": [choice],
                }
                self._send(200, json.dumps(whole).encode())

        def _send(self, status: int, content: bytes) -> None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def slow(answer: str, seconds: float) -> str:
    """Answer after a while."""
    time.sleep(seconds)
    return answer

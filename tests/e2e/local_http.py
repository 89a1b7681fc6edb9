"""HTTP servers inside the test's own process: one that is scraped, one that is told of alerts."""

import contextlib
import http.server
import json
import socket
import threading
import time

import servers


class LocalServer:
    """Answers requests on threads of its own between open() and close(); the port stays the same."""

    def __init__(self):
        self.port = servers.free_port()
        self.server = None
        self.connections = set()

    def answer(self, method, path, headers, body):
        """(status, content type, text)"""
        raise NotImplementedError

    def reply(self, handler):
        """Sends what answer() says; `handler` is the connection with one request read."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        status, content_type, text = self.answer(handler.command, handler.path, handler.headers, body)
        content = text.encode()
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def open(self):
        local = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                local.connections.add(self.connection)

            def finish(self):
                local.connections.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def reply(self):
                with contextlib.suppress(OSError):
                    local.reply(self)

            do_GET = do_POST = reply

            def log_message(self, *_):
                pass

        class Threaded(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024  # all targets of a job may come at once

            def handle_error(self, *_):
                pass  # connections that close() cut

        self.server = Threaded(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def close(self):
        """Whoever comes is refused, as by a machine that runs but not this program."""
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Exporter(LocalServer):
    """Serves what page(path) returns: the text, or None for an answer of 503."""

    def __init__(self, page):
        super().__init__()
        self.page = page

    def answer(self, method, path, headers, body):
        text = self.page(path)
        if text is None:
            return 503, "text/plain", "away\n"
        return 200, "text/plain; version=0.0.4", text


class Receiver(LocalServer):
    """Takes alerts as an Alertmanager does, and webhooks as one sends them, and keeps all with the time they came."""

    def __init__(self, alerts_path):
        super().__init__()
        self.alerts_path = alerts_path
        self.lock = threading.Lock()
        self.posts = []  # (when, [alert])
        self.hooks = []  # (when, webhook)
        self.wrong = []  # what an Alertmanager would refuse
        self.begun = 0
        self.delay_s = 0.0

    def answer(self, method, path, headers, body):
        now = time.time()
        with self.lock:
            self.begun += 1
        time.sleep(self.delay_s)
        with self.lock:
            if path == "/hook":
                self.hooks.append((now, json.loads(body)))
            elif (method, path, headers.get("Content-Type")) != ("POST", self.alerts_path, "application/json"):
                self.wrong.append(f"{method} {path} {headers.get('Content-Type')}")
                return 400, "text/plain", ""
            else:
                self.posts.append((now, json.loads(body)))
        return 200, "application/json", "{}"

    def received(self):
        """[(when, alert)], in the order they came."""
        with self.lock:
            return [(when, alert) for when, alerts in self.posts for alert in alerts]

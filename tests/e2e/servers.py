"""Starts the servers of a test on loopback ports of their own and talks HTTP to them.

Every server writes its log to a file in its folder; when a test fails, the tail of each log is printed.
"""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]


def peer(package, binary):
    """The path of a Debian package's binary, unpacked under the build folder and not installed."""
    folder = subprocess.run(
        [ROOT / "scripts" / "peers", package], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    return pathlib.Path(folder) / "usr" / "bin" / binary


def die_with_parent():
    """Runs in a child: a test that is killed takes its servers with it (prctl's PR_SET_PDEATHSIG is 1).

    The parent is the thread that started it: only the main one should.
    """
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One process with an HTTP port. `command` is called with the port and returns the argument list."""

    def __init__(self, name, folder, command, ready="/-/ready", ready_seconds=30):
        self.name = name
        self.port = free_port()
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "log"
        self.command = command
        self.ready = ready
        self.ready_seconds = ready_seconds
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(a) for a in self.command(self.port)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )
        deadline = time.monotonic() + self.ready_seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.request("GET", self.ready, timeout=5).status == 200:
                    return self
            time.sleep(0.02)
        raise AssertionError(f"{self.name} is not ready after {self.ready_seconds} s:\n{self.tail()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within 60 s:\n{self.tail()}") from None

    def tail(self, lines=30):
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def request(self, method, path, body=None, headers=None, timeout=60):
        """One request on a connection of its own; the response carries .status, .headers and .text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            response.content = response.read()
            response.text = response.content.decode(errors="replace")
            return response
        finally:
            connection.close()

    def api(self, path, **parameters):
        """The `data` of a successful answer of /api/v1/<path>."""
        body = urllib.parse.urlencode(parameters, doseq=True)
        response = self.request("GET", f"/api/v1/{path}?{body}")
        answer = json.loads(response.text)
        if answer["status"] != "success":
            raise AssertionError(f"{self.name}: {path} {parameters}: {response.status} {response.text[:500]}")
        return answer["data"]

    def metric(self, name):
        """The sum of one of its own metrics over all its labels, from /metrics."""
        values = [
            float(line.rsplit(" ", 1)[1])
            for line in self.request("GET", "/metrics").text.splitlines()
            if line.startswith(name) and line[len(name)] in "{ "
        ]
        return sum(values) if values else None


def silverback(folder, *flags):
    binary = pathlib.Path(os.environ.get("SILVERBACK_BIN", ROOT / "build/release/bin/silverback")).resolve()
    folder = pathlib.Path(folder)
    return Server(
        "silverback",
        folder,
        lambda port: [
            binary,
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--no-scrape.self",
            *flags,
        ],
    )


def reference_prometheus(folder, config, *flags):
    """Prometheus: Debian's, or the one named by SILVERBACK_REFERENCE_PROMETHEUS."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(config)
    binary = os.environ.get("SILVERBACK_REFERENCE_PROMETHEUS") or peer("prometheus", "prometheus")
    return Server(
        "prometheus",
        folder,
        lambda port: [
            binary,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            *flags,
        ],
    )


def node_exporter(folder):
    binary = peer("prometheus-node-exporter", "prometheus-node-exporter")
    return Server(
        "node_exporter", folder, lambda port: [binary, f"--web.listen-address=127.0.0.1:{port}"], ready="/metrics"
    )


def pushgateway(folder):
    binary = peer("prometheus-pushgateway", "prometheus-pushgateway")
    return Server("pushgateway", folder, lambda port: [binary, f"--web.listen-address=127.0.0.1:{port}"])


def alertmanager(folder, config):
    """Debian's Alertmanager, or None where the templates it looks for in /usr/share cannot be shown to it.

    Nothing is installed: the process has a mount view of its own, in which the unpacked folder lies over /usr/share.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(config)
    binary = peer("prometheus-alertmanager", "prometheus-alertmanager")
    view = [
        *("unshare", "--user", "--map-root-user", "--mount"),
        *("sh", "-c", 'mount --rbind "$0" /usr/share && exec "$@"', binary.parents[1] / "share"),
    ]
    tried = subprocess.run([*view, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        print(f"no Alertmanager: this user may not have a mount view of its own ({tried.stderr.strip()})")
        return None
    return Server(
        "alertmanager",
        folder,
        lambda port: [
            *view,
            binary,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
    )


def main(test):
    """Runs test(folder, started): servers appended to `started` are killed at the end, whatever happens."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="silverback-e2e-"))
    started = []
    try:
        test(folder, started)
    except BaseException:
        for server in started:
            print(f"--- the end of {server.name}'s log\n{server.tail()}", file=sys.stderr)
        raise
    finally:
        for server in started:
            if server.process and server.process.poll() is None:
                server.kill()
        shutil.rmtree(folder, ignore_errors=True)

#!/usr/bin/env python3
"""The binary as a user meets it: starts and refusals to start, shutdown, its own metrics, foreign directories, a full disk."""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import remote_write
import servers

BINARY = pathlib.Path(os.environ.get("SILVERBACK_BIN", servers.ROOT / "build/release/bin/silverback")).resolve()


def refused(*flags):
    """What it prints when it does not start; it must end by itself with a non-zero code."""
    done = subprocess.run([BINARY, *map(str, flags)], capture_output=True, text=True, timeout=30)
    if done.returncode == 0:
        raise AssertionError(f"{flags}: started or ended with 0")
    if "config.file" in str(flags) and done.returncode != 2:
        raise AssertionError(f"{flags}: ended with {done.returncode}, not Prometheus's 2")
    return done.stdout + done.stderr


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def write(server, labels, samples):
    body = remote_write.body_of([(labels, samples)])
    return server.request("POST", "/api/v1/write", body, remote_write.HEADERS)


def refuses_what_it_cannot_do(folder, started):
    data = folder / "refused"
    address = f"--web.listen-address=127.0.0.1:{servers.free_port()}"
    (folder / "wrong.yml").write_text("global: {}\nglobl: {}\n")
    (folder / "scraping.yml").write_text("scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x]}]}]\n")
    table = (
        (("--no-such-flag",), "no-such-flag"),
        ((f"--config.file={folder}/none.yml",), "none.yml"),
        ((f"--config.file={folder}/wrong.yml",), "wrong.yml:2:1: globl: unknown key"),
        ((f"--config.file={folder}/scraping.yml",), "dns_sd_configs"),
        (("--web.external-url='http://h'",), "external-url"),
        (("--web.config.file=web.yml",), "web.config.file"),
        (("--storage.tsdb.retention.size=1GB",), "retention.size"),
        (("--storage.tsdb.retention.time=soon",), "soon"),
        (("--enable-feature=agent", "--agent"), "agent"),
        (("--log.level=loud",), "loud"),
        (("--web.listen-address=nowhere",), "nowhere"),
    )
    for flags, word in table:
        said = refused(f"--storage.tsdb.path={data}", *((address,) if "listen" not in flags[0] else ()), *flags)
        expect(word in said, f"{flags}: the refusal does not name {word!r}: {said}")
        expect(not (data / "MANIFEST").exists(), f"{flags}: made a store all the same")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{port}")
        expect(str(port) in said, f"a taken port is not named: {said}")


def refuses_foreign_directories(folder, started):
    """A directory that a real Prometheus made stays as it is, to the byte."""
    reference = servers.reference_prometheus(folder / "prometheus", "global: {}\n")
    started.append(reference)
    reference.start()
    reference.stop()
    data = folder / "prometheus" / "data"
    snapshot = lambda: sorted((p.relative_to(data), p.stat().st_mtime_ns) for p in data.rglob("*"))
    before = snapshot()
    said = refused(f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{servers.free_port()}")
    expect("wal" in said and "chunks_head" in said, f"the foreign files are not named: {said}")
    expect(snapshot() == before, "the directory was changed")

    mixed = servers.silverback(folder / "mixed")
    started.append(mixed)
    mixed.start()
    mixed.stop()
    (folder / "mixed" / "data" / "wal").mkdir()
    said = refused(f"--storage.tsdb.path={folder / 'mixed' / 'data'}", f"--web.listen-address=127.0.0.1:{mixed.port}")
    expect("wal" in said, f"with our manifest beside it: {said}")


def one_process_a_directory(folder, started):
    server = servers.silverback(folder / "locked")
    started.append(server)
    server.start()
    said = refused(
        f"--storage.tsdb.path={folder / 'locked' / 'data'}", f"--web.listen-address=127.0.0.1:{servers.free_port()}"
    )
    expect("lock" in said.lower() or "open" in said, said)
    expect(server.stop() == 0, "SIGTERM ends it with 0")


def scrapes_itself(folder, started):
    server = servers.silverback(folder / "self")
    command = server.command
    server.command = lambda port: [a for a in command(port) if a != "--no-scrape.self"]
    started.append(server)
    server.start()
    deadline = time.monotonic() + 60  # the first page is of an empty store, the second of one with that page
    for query in (
        "up == 1",
        "prometheus_tsdb_head_series > 0",
        "scrape_samples_scraped > 10",
        "process_resident_memory_bytes > 0",
    ):
        while not server.api("query", query=query)["result"]:
            expect(time.monotonic() < deadline, f"{query} is still empty")
            time.sleep(0.2)
    names = server.api("label/__name__/values")
    expect("prometheus_build_info" in names or "silverback_build_info" in names, "no build info")
    page = server.request("GET", "/")
    expect(page.status == 200 and "<script" not in page.text, "the first page is static")
    expect(server.stop() == 0, "SIGTERM ends it with 0")


def until(holds, what):
    deadline = time.monotonic() + 20
    while not holds():
        expect(time.monotonic() < deadline, what)
        time.sleep(0.05)


def reads_its_configuration_again(folder, started):
    """By SIGHUP, by HTTP, and by itself; a bad file changes nothing, at the next start it is refused."""
    file = folder / "reloaded.yml"

    def configure(interval, more=""):
        # As Kubernetes and configuration managers do: a new file in the place of the old one.
        (folder / "new.yml").write_text(f"global: {{evaluation_interval: {interval}s}}\n{more}")
        (folder / "new.yml").replace(file)

    configure(15)
    server = servers.silverback(
        folder / "reload", f"--config.file={file}", "--web.enable-lifecycle", "--web.external-url=http://h.example/prom"
    )
    server.ready = "/prom/-/ready"
    started.append(server)
    server.start()

    def interval():
        yaml = json.loads(server.request("GET", "/prom/api/v1/status/config").text)["data"]["yaml"]
        return int(yaml.split("evaluation_interval: ")[1].split("s")[0])

    def runtime():
        return json.loads(server.request("GET", "/prom/api/v1/status/runtimeinfo").text)["data"]

    def metric(name):
        page = server.request("GET", "/prom/metrics").text
        return float(page.split(f"\n{name} ")[1].split("\n")[0])

    expect(interval() == 15, "the first file")
    first = runtime()
    expect(first["reloadConfigSuccess"] and first["storageRetention"] == "15d", first)

    configure(20, "storage: {tsdb: {retention: {time: 3d}}}\n")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: interval() == 20, "SIGHUP did not reload")
    expect(runtime()["storageRetention"] == "3d", "the retention of the file")
    loaded = metric("prometheus_config_last_reload_success_timestamp_seconds")
    expect(abs(loaded - time.time()) < 60, f"last success at {loaded}")

    configure(25, "globl: {}\n")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: metric("prometheus_config_last_reload_successful") == 0, "SIGHUP took a bad file")
    answer = server.request("POST", "/prom/-/reload")
    expect(answer.status == 500 and answer.text.startswith("failed to reload config: "), answer.text)
    expect("reloaded.yml:2:1: globl: unknown key" in answer.text, answer.text)
    expect(interval() == 20 and not runtime()["reloadConfigSuccess"], "a bad file changes nothing")
    expect(runtime()["storageRetention"] == "3d", "nor the retention")
    expect("globl: unknown key" in server.tail(200), "the log does not tell")

    configure(30, "tracing: {endpoint: 'h:1'}\n")
    expect(server.request("PUT", "/prom/-/reload").status == 200, "reload by PUT")
    expect(interval() == 30 and runtime()["reloadConfigSuccess"], "a good file again")
    expect(metric('silverback_config_ignored{section="tracing"}') == 1, "tracing is counted as ignored")
    configure(25, "globl: {}\n")
    expect(server.stop() == 0, "SIGTERM ends it with 0")
    expect("globl: unknown key" in refused(*server.command(server.port)[1:]), "a start with the bad file")

    configure(15)
    watching = servers.silverback(
        folder / "auto", f"--config.file={file}", "--config.auto-reload", "--config.auto-reload-interval=1s"
    )
    started.append(watching)
    watching.start()
    expect(watching.request("POST", "/-/reload").status == 403, "reload without --web.enable-lifecycle")
    configure(20)
    until(lambda: "evaluation_interval: 20s" in watching.api("status/config")["yaml"], "no reload by itself")
    watching.stop()


def survives_a_full_disk(folder, started):
    """A tiny file system fills up: writes are refused with 503, reads go on, and writes come back with the space."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        print(f"a full disk: left out, this user may not mount a tmpfs ({mounted.stderr.strip()})")
        return
    try:
        server = servers.silverback(disk, "--storage.min-free-bytes=4MB")
        server.log = folder / "disk.log"
        started.append(server)
        server.start()
        now = int(time.time() * 1000)
        expect(write(server, {"__name__": "kept"}, [(now, 42.0)]).status == 204, "the first write")
        ballast = disk / "ballast"
        space = os.statvfs(disk)
        with open(ballast, "wb") as file:
            file.write(b"x" * (space.f_bavail * space.f_frsize - (3 << 20)))
        refusal, deadline = None, time.monotonic() + 20
        while time.monotonic() < deadline:
            refusal = write(server, {"__name__": "refused"}, [(int(time.time() * 1000), 1.0)])
            if refusal.status == 503:
                break
            time.sleep(0.1)
        expect(refusal.status == 503, f"a nearly full disk answers {refusal.status} {refusal.text}")
        expect("min-free-bytes" in refusal.text, f"the refusal does not name the flag: {refusal.text}")
        found = server.api("query", query="kept", time=now / 1000)["result"]
        expect(found and found[0]["value"][1] == "42", "reads go on")
        ballast.unlink()
        deadline = time.monotonic() + 20
        while write(server, {"__name__": "after"}, [(now + 1, 1.0)]).status != 204:
            expect(time.monotonic() < deadline, "writes did not come back with the space")
            time.sleep(0.1)
        server.kill()
        server.start()
        for name in ("kept", "after"):
            expect(server.api("query", query=name, time=(now + 1) / 1000)["result"], f"{name} is gone")
        server.stop()
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def test(folder, started):
    for part in (
        refuses_what_it_cannot_do,
        refuses_foreign_directories,
        one_process_a_directory,
        scrapes_itself,
        reads_its_configuration_again,
        survives_a_full_disk,
    ):
        try:
            part(folder, started)
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            raise AssertionError(f"{part.__name__}: {error}") from error
        print(f"{part.__name__}: fine", flush=True)


if __name__ == "__main__":
    servers.main(test)

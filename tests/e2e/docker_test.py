#!/usr/bin/env python3
"""docker/ and examples/ as far as they can be checked without a container engine: the files parse, Prometheus's,
Alertmanager's and our own tools accept them, the names that one file uses exist in the others, and the image has every
library that the binary loads."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import urllib.parse

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
EXAMPLES = ROOT / "examples"
# Part of debian:bookworm-slim, because apt needs them.
IN_THE_BASE_IMAGE = {"libc6", "libgcc-s1", "libstdc++6"}
# No library, but what HTTPS is checked by.
NOT_LOADED = {"ca-certificates"}

failures = []


def check(holds, text):
    if not holds:
        failures.append(text)


def load(name):
    return yaml.safe_load((DOCKER / name).read_text())


def dockerfile_instructions():
    text = re.sub(r"\\\n", " ", (DOCKER / "Dockerfile").read_text())
    return [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]


def check_dockerfile():
    instructions = dockerfile_instructions()
    last_stage = max(i for i, (name, _) in enumerate(instructions) if name == "FROM")
    final = instructions[last_stage:]
    for name, rest in instructions:
        if name == "COPY" and "--from" not in rest:
            for source in shlex.split(rest)[:-1]:
                check((ROOT / source).exists(), f"Dockerfile copies {source}, which does not exist")
    built = next(rest for name, rest in final if name == "COPY" and "--from=build" in rest)
    check("build/release/bin/silverback" in built, "Dockerfile does not copy the release binary")
    users = [rest for name, rest in final if name == "USER"]
    check(users and users[-1] not in ("root", "0"), "the image runs as root")
    check_libraries(next(rest for name, rest in final if name == "RUN"))


def check_libraries(install):
    listed = set(re.search(r"--no-install-recommends ([^&]+)&&", install).group(1).split()) | IN_THE_BASE_IMAGE
    binary = os.environ["SILVERBACK_BIN"]
    # What those need themselves, apt installs with them.
    dynamic = subprocess.run(["readelf", "--dynamic", binary], check=True, capture_output=True, text=True).stdout
    named = set(re.findall(r"\(NEEDED\).*\[(\S+)\]", dynamic))
    loaded = subprocess.run(["ldd", binary], check=True, capture_output=True, text=True).stdout
    needed = set()
    for path in (path for name, path in re.findall(r"(\S+) => (/\S+)", loaded) if name in named):
        # dpkg knows the file by the path it was shipped with, with or without the /usr that /lib links to.
        for candidate in (path, os.path.realpath(path), path.replace("/lib/", "/usr/lib/", 1)):
            found = subprocess.run(["dpkg", "-S", candidate], capture_output=True, text=True)
            if found.returncode == 0:
                needed.add(found.stdout.split(":")[0])
                break
        else:
            check(False, f"no Debian package owns {path}")
    check(needed <= listed, f"Dockerfile does not install {sorted(needed - listed)}")
    unused = listed - needed - IN_THE_BASE_IMAGE - NOT_LOADED
    check(not unused, f"Dockerfile installs what is not loaded: {sorted(unused)}")


def check_compose():
    compose = load("compose.yml")
    services = compose["services"]
    for name in ("silverback", "prometheus", "node-exporter", "alertmanager", "grafana"):
        check(name in services, f"compose.yml has no service {name}")
    build = services["silverback"]["build"]
    check((DOCKER / build["context"] / build["dockerfile"]).is_file(), "compose.yml builds from a missing Dockerfile")
    published = []
    for name, service in services.items():
        check("build" in service or re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", service["image"]),
              f"{name}: an image with an exact version")
        published += [port.split(":")[0] for port in service.get("ports", [])]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                check((DOCKER / source).exists(), f"{name} mounts {source}, which does not exist")
            elif not source.startswith("/"):
                check(source in compose["volumes"], f"{name} uses the undeclared volume {source}")
        for other in service.get("depends_on", []):
            check(other in services, f"{name} depends on {other}, which is no service")
    check(len(published) == len(set(published)), f"a port is published twice: {published}")
    return services


def check_names(services):
    """The host names that the configurations use are services of the compose file."""
    prometheus = load("prometheus.yml")
    targets = [target for job in prometheus["scrape_configs"] for static in job["static_configs"]
               for target in static["targets"]]
    targets += [target for manager in load("silverback.yml")["alerting"]["alertmanagers"]
                for static in manager["static_configs"] for target in static["targets"]]
    urls = [write["url"] for write in prometheus["remote_write"]]
    urls += [source["url"] for source in load("grafana/datasources.yml")["datasources"]]
    for host in [target.split(":")[0] for target in targets] + [urllib.parse.urlsplit(url).hostname for url in urls]:
        check(host in services or host == "localhost", f"{host} is no service of compose.yml")
    for url in urls:
        check(urllib.parse.urlsplit(url).port == 9090, f"Silverback does not listen where {url} points")


def check_with_the_tools():
    peers = subprocess.run([ROOT / "scripts/peers", "prometheus", "prometheus-alertmanager"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.strip()
    promtool, amtool, silverback = f"{peers}/usr/bin/promtool", f"{peers}/usr/bin/amtool", os.environ["SILVERBACK_BIN"]
    commands = [[promtool, "check", "config", DOCKER / "prometheus.yml"],
                [amtool, "check-config", EXAMPLES / "alertmanager.yml"]]
    for tool in (promtool, silverback):
        commands += [[tool, "check", "config", DOCKER / "silverback.yml"],
                     [tool, "check", "config", EXAMPLES / "prometheus.yml"],
                     [tool, "test", "rules", EXAMPLES / "tests.yml"]]
    for command in commands:
        ran = subprocess.run(command, capture_output=True, text=True)
        print(ran.stdout + ran.stderr)
        check(ran.returncode == 0, f"{' '.join(map(str, command))} refuses")


check_dockerfile()
check_names(check_compose())
check_with_the_tools()
for failure in failures:
    print("FAILED:", failure)
sys.exit(1 if failures else 0)

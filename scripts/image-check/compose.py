"""deploy/compose.yaml as docker-compose understands it, held to the image and to the files it names."""

import re
import resource
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "deploy/compose.yaml"


def services():
    """The services with every default and path filled in; docker-compose refuses what its schema does not have."""
    done = subprocess.run(["docker-compose", "-f", FILE, "config"], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("image-check: docker-compose does not take deploy/compose.yaml")
    return yaml.safe_load(done.stdout)["services"]


def ports(service):
    """Address outside and port inside of each that is published; a port on every address comes as a mapping."""
    for port in service.get("ports", []):
        address, inside = ("", port["target"]) if isinstance(port, dict) else port.split(":")[::2]
        yield address, int(str(inside).split("/")[0])


def binds(service):
    """Path here to path in the container."""
    pairs = (volume.split(":")[:2] for volume in service.get("volumes", []))
    return {Path(here): Path(there) for here, there in pairs if here.startswith("/")}


def files(service):
    """Open files, soft and hard, as far as this machine has so many."""
    limit = service["ulimits"]["nofile"]
    return limit["soft"], min(limit["hard"], resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def flag(service, name, default):
    command = service["command"]
    return int(command[command.index(name) + 1]) if name in command else default


def problems_of_server(service, image):
    if Path(service["build"]["context"]) != ROOT or not (ROOT / "Dockerfile").exists():
        yield "the build's context is not the folder of the Dockerfile"
    if image.user[0] == 0 or "user" in service:
        yield "the server does not run as the image's own user, who is not root"
    if "entrypoint" in service or "healthcheck" in service:
        yield "the image's own entrypoint or health check is replaced"
    for address, inside in ports(service):
        if inside not in image.ports or address != "127.0.0.1":
            yield f"port {inside} is not one the image exposes, or is published beyond this machine"
    locked = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    if any(service.get(name) != value for name, value in locked.items()):
        yield "the server is not locked down as it is run here"
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", service["stop_grace_period"]).groups(default=0)
    grace = 60 * int(minutes) + int(seconds)
    if grace <= flag(service, "--drain-delay", 0) + flag(service, "--drain-timeout", 30) + 10:
        yield f"stop_grace_period of {grace} s is not longer than the drain"


def problems_of_files(service):
    for here, there in binds(service).items():
        if not here.exists():
            yield f"{here} is mounted and not there"
        for path in re.findall(rf"{there}/([^\s'\"]+)", " ".join(service.get("command", []))):
            if not (here / path).exists():
                yield f"{there}/{path} is named in a command and not in {here}"


def addresses():
    """Each `host:port` that Prometheus and Grafana are told to ask."""
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yaml").read_text())
    for job in prometheus["scrape_configs"]:
        for target in job["static_configs"]:
            yield from target["targets"]
    for file in (ROOT / "deploy/grafana/provisioning/datasources").glob("*.yaml"):
        for source in yaml.safe_load(file.read_text())["datasources"]:
            yield urlsplit(source["url"]).netloc


def problems(every, image):
    """Sentences, one for each thing that is wrong."""
    yield from problems_of_server(every["switchyard"], image)
    for service in every.values():
        yield from problems_of_files(service)
    known = {f"{name}:{inside}" for name, service in every.items() for _, inside in ports(service)}
    for address in sorted(set(addresses()) - known):
        yield f"{address} is asked, and no service answers there"

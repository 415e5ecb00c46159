"""An image in buildah's storage: what its configuration says, how large it is, and where its files are."""

import json
import resource
import subprocess
import tempfile
from pathlib import Path


def buildah(*arguments):
    return subprocess.run(["buildah", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Image:
    # Open files, soft and hard, as engines have it by the unit that systemd starts them from.
    files = (1024, min(524288, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    def __init__(self, name):
        self.name = name
        self.description = json.loads(buildah("inspect", "--type", "image", name))
        self.config = self.description["Docker"]["config"]
        self.container = buildah("from", "--pull-never", "--ulimit", "nofile={}:{}".format(*self.files), name)
        self.root = Path(buildah("mount", self.container))

    @property
    def entrypoint(self):
        return self.config["Entrypoint"]

    @property
    def command(self):
        return self.config["Cmd"]

    @property
    def environment(self):
        return self.config["Env"]

    @property
    def ports(self):
        return {int(port.split("/")[0]) for port in self.config["ExposedPorts"]}

    @property
    def health_command(self):
        """What an engine runs for HEALTHCHECK."""
        kind, *command = self.config["Healthcheck"]["Test"]
        return ["/bin/sh", "-c", *command] if kind == "CMD-SHELL" else command

    @property
    def user(self):
        """Ids of the user and its group, as the image's own passwd has them."""
        named = self.config["User"].split(":")[0]
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, user, group, *_ = line.split(":")
            if named in (name, user):
                return int(user), int(group)
        raise SystemExit(f"the image's user {named!r} is not in its passwd")

    def size(self, *paths):
        """Bytes of files under paths of the image, or of all of it."""
        paths = [str(self.root) + path for path in paths or ("/",)]
        out = subprocess.run(["du", "-sbxc", *paths], check=True, stdout=subprocess.PIPE, text=True).stdout
        return int(out.splitlines()[-1].split()[0])

    def layers(self):
        """Digest and packed bytes of each layer, as a registry would have them."""
        with tempfile.TemporaryDirectory() as folder:
            buildah("push", "--quiet", "--format", "docker", self.name, f"dir:{folder}")
            manifest = json.loads((Path(folder) / "manifest.json").read_text())
        return [(layer["digest"], layer["size"]) for layer in manifest["layers"]]

"""Makes certificates with the openssl program."""

import subprocess


def openssl(*arguments, stdin=""):
    return subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=20)


class Authority:
    """A certificate authority of one test, in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.certificate, self.key = directory / "authority.pem", directory / "authority.key"
        done = openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
                       "-subj", "/CN=test authority", "-keyout", self.key, "-out", self.certificate)
        assert done.returncode == 0, done.stderr

    def issue(self, name, days=30, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        """Writes NAME.pem, a chain of two, and NAME.key, for localhost; returns both paths."""
        certificate, secret, request = (self.directory / f"{name}.{end}" for end in ("pem", "key", "csr"))
        extensions = self.directory / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        done = openssl("req", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", secret, "-out", request)
        assert done.returncode == 0, done.stderr
        done = openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                       "-days", days, "-extfile", extensions, "-out", certificate)
        assert done.returncode == 0, done.stderr
        certificate.write_text(certificate.read_text() + self.certificate.read_text())
        return certificate, secret

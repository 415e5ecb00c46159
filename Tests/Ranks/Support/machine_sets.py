"""The instruction sets that kernels are written for and this processor has."""

import subprocess

from switchyard_server import ROOT


def instruction_sets():
    return subprocess.run([ROOT / "scripts" / "instruction-sets"], capture_output=True, text=True, check=True).stdout.split()

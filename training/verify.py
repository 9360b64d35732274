"""Runs `percoengine verify` on the recipe's own cases: the engine against PyTorch, for the exported model."""
import os
import shlex
import subprocess

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def engine_command():
    """PERCOENGINE where it is set, else the CLI of this checkout."""
    given = os.environ.get("PERCOENGINE")
    if given:
        return shlex.split(given)
    return ["dotnet", "run", "-c", "Release", "--project", os.path.join(_ROOT, "src", "PerCo.Engine.Cli"), "--"]


def run(cases, model):
    """Raises CalledProcessError where a quantity is out of its tolerance."""
    command = [*engine_command(), "verify", cases, "--case", "mini", "--model", model]
    print(" ".join(command), flush=True)
    subprocess.run(command, check=True)

"""The Debian package for the scenarios about it: built once out of the program under test, and unpacked."""

import atexit
import shutil
import subprocess
import tempfile

from house import PROGRAM, TREE, expect, expect_equal, skip

for needed in ("dpkg-deb", "readelf", "strip"):
    if not shutil.which(needed):
        skip(f"{needed} is not installed")


def tool(*words, ok=(0,), **options):
    """Runs a tool to its end; its output, both streams."""
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            stdin=subprocess.DEVNULL, timeout=120, check=False, **options)
    expect(result.returncode in ok, f"{' '.join(words)} ended with {result.returncode}: {result.stdout[-2000:]}")
    return result.stdout


def build(folder):
    result = subprocess.run([TREE + "/scripts/package", PROGRAM, folder], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    expect_equal(result.returncode, 0, f"exit code of scripts/package ({result.stderr.strip()})")
    return result.stdout.strip()


class Package:
    """path: the .deb. root: what is in it, with its DEBIAN."""

    path = root = None

    @classmethod
    def get(cls):
        if not cls.path:
            kept = tempfile.mkdtemp(prefix="mainstem-package-")
            atexit.register(shutil.rmtree, kept, ignore_errors=True)
            cls.path, cls.root = build(kept), kept + "/root"
            tool("dpkg-deb", "-R", cls.path, cls.root)
        return cls

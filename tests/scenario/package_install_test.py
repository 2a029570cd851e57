"""The Debian package, installed by dpkg for real, with a server that runs as its user; upgraded, removed, purged.

It happens in a copy of this machine that lasts as long as a story: an overlay of / in a mount namespace of its
own, which needs root. What only a booted systemd could show is not here: services are enabled, not started."""

import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import urllib.request

from house import Raw, Server, expect, expect_equal, play, skip
from package import Package, tool


class Machine:
    """An overlay of / that keeps what is written in memory. Services are not started: it has no systemd.

    Nothing of the real machine is mounted in it but its files, through the overlay: it has devices of its own.
    It lies in a folder of its own that nobody clears out file by file: it is unmounted, then empty."""

    def __init__(self):
        self.memory = tempfile.mkdtemp(prefix="mainstem-machine-")
        self.root = self.memory + "/machine"

    def __enter__(self):
        try:
            self._mount()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in Server.every:
            server.kill()
        subprocess.run(["umount", "--recursive", "--lazy", self.memory], check=False)
        os.rmdir(self.memory)

    def _mount(self):
        tool("mount", "-t", "tmpfs", "tmpfs", self.memory)
        # In the root of a chroot the namespace shares its mounts with others: these are for nobody else.
        tool("mount", "--make-private", self.memory)
        for name in ("changes", "work", "machine"):
            os.mkdir(f"{self.memory}/{name}")
        tool("mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir=/,upperdir={self.memory}/changes,workdir={self.memory}/work", self.root)
        tool("mount", "-t", "tmpfs", "tmpfs", self.root + "/dev")
        for name, minor in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
            os.mknod(f"{self.root}/dev/{name}", stat.S_IFCHR | 0o666, os.makedev(1, minor))
            os.chmod(f"{self.root}/dev/{name}", 0o666)
        tool("mount", "-t", "proc", "proc", self.root + "/proc")
        tool("mount", "-t", "tmpfs", "tmpfs", self.root + "/run")
        tool("mount", "-t", "tmpfs", "tmpfs", self.root + "/tmp")
        # The index of all manual pages is not made anew each time.
        if self.has("/var/lib/man-db/auto-update"):
            os.unlink(self.path("/var/lib/man-db/auto-update"))
        # What this machine has of Mainstem itself is not in the copy.
        self.run("dpkg", "-P", "mainstem", ok=(0, 1))
        self.run("rm", "-rf", "/var/lib/mainstem", "/etc/mainstem")

    def path(self, name):
        return self.root + name

    def has(self, name):
        return os.path.lexists(self.path(name))

    def run(self, *words, ok=(0,)):
        return tool("chroot", self.root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                    "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", *words, ok=ok)

    def dpkg(self, *words):
        return self.run("dpkg", "--force-confold", "--force-unsafe-io", *words)

    def rights(self, name):
        return self.run("stat", "-c", "%U:%G %a", name).strip()

    def serve(self):
        """A server as the unit starts it, but for the sandbox: as its user, with its settings."""
        return Server("/var/lib/mainstem", "--config", "/etc/mainstem/mainstem.conf",
                      program="/usr/bin/mainstem",
                      before=("chroot", self.root, "setpriv", "--reuid=mainstem", "--regid=mainstem",
                              "--clear-groups", "--"))


def point_of(server, path):
    with urllib.request.urlopen(f"http://{server.http}/v1/points/{path}", timeout=60) as answer:
        return json.load(answer)


def next_version(package, folder):
    """The same with a higher version, as if it were the next one."""
    root = folder + "/next"
    shutil.copytree(package.root, root, symlinks=True)
    with open(root + "/DEBIAN/control", encoding="utf-8") as file:
        control = file.read()
    with open(root + "/DEBIAN/control", "w", encoding="utf-8") as file:
        file.write(re.sub(r"^Version: (.*)$", r"Version: \1+next", control, flags=re.M))
    path = folder + "/next.deb"
    tool("dpkg-deb", "--root-owner-group", "-Znone", "--build", root, path)
    return path


def value_kept(machine, wanted):
    """Whether the point that an earlier server took is there, by a new one."""
    server = machine.serve()
    expect_equal(point_of(server, "plant/a/x")["value"], wanted, "the value taken before")
    expect_equal(server.stop(), 0, "exit code")


@contextlib.contextmanager
def installed():
    """A machine with the package, and a server that has run on it and taken a value."""
    with Machine() as machine:
        shutil.copy(Package.get().path, machine.path("/tmp/mainstem.deb"))
        machine.dpkg("-i", "/tmp/mainstem.deb")
        server = machine.serve()
        expect_equal(Raw(server).publish("plant/a", '{"x":42}'), 0, "the reason in PUBACK")
        expect_equal(server.stop(), 0, "exit code")
        yield machine


def installing(_):
    with installed() as machine:
        user = machine.run("getent", "passwd", "mainstem").split(":")
        expect(int(user[2]) < 1000, f"no user of the system: {user}")
        expect_equal(user[5:], ["/var/lib/mainstem", "/usr/sbin/nologin\n"], "the user's home and shell")
        for name, wanted in (("/var/lib/mainstem", "mainstem:mainstem 700"),
                             ("/var/lib/mainstem/journal", "mainstem:mainstem 700"),
                             ("/etc/mainstem/mainstem.conf", "root:mainstem 640"),
                             ("/etc/mainstem/tls", "root:mainstem 750"), ("/usr/bin/mainstem", "root:root 755")):
            expect_equal(machine.rights(name), wanted, f"owner and rights of {name}")
        for line in machine.run("find", "/var/lib/mainstem", "-type", "f", "-printf", "%m %u %p\\n").splitlines():
            expect(line.startswith("600 mainstem "), f"a file of the data: {line}")
        expect_equal(os.readlink(machine.path("/etc/systemd/system/multi-user.target.wants/mainstem.service")),
                     "/lib/systemd/system/mainstem.service", "what enables the service")
        expect("mainstem serve" in machine.run("man", "-P", "cat", "mainstem", ok=(0, 16, 127))
               or not shutil.which("man"), "the manual page does not open")


def upgrading(folder):
    with installed() as machine:
        with open(machine.path("/etc/mainstem/mainstem.conf"), "a", encoding="utf-8") as file:
            file.write("log.level = debug\n")
        machine.run("chmod", "0600", "/etc/mainstem/mainstem.conf")
        machine.run("chmod", "0750", "/var/lib/mainstem")
        machine.run("systemctl", "disable", "--quiet", "mainstem.service")
        shutil.copy(next_version(Package.get(), folder), machine.path("/tmp/next.deb"))
        machine.dpkg("-i", "/tmp/next.deb")
        expect("+next" in machine.run("dpkg-query", "-W", "mainstem"), "the next version is not installed")
        with open(machine.path("/etc/mainstem/mainstem.conf"), encoding="utf-8") as file:
            expect("log.level = debug" in file.read(), "the upgrade took a setting away")
        expect_equal(machine.rights("/etc/mainstem/mainstem.conf").split()[1], "600", "the settings' rights")
        expect_equal(machine.rights("/var/lib/mainstem"), "mainstem:mainstem 750", "the data's rights")
        expect(not machine.has("/etc/systemd/system/multi-user.target.wants/mainstem.service"),
               "the upgrade enabled what the administrator had disabled")
        machine.run("chmod", "0640", "/etc/mainstem/mainstem.conf")
        machine.run("chgrp", "mainstem", "/etc/mainstem/mainstem.conf")
        value_kept(machine, 42)


def removing_and_coming_back(_):
    with installed() as machine:
        machine.dpkg("-r", "mainstem")
        expect(not machine.has("/usr/bin/mainstem"), "the program is still there")
        expect(machine.has("/etc/mainstem/mainstem.conf"), "removal took the settings")
        expect(machine.has("/var/lib/mainstem/journal"), "removal took the data")
        machine.dpkg("-i", "/tmp/mainstem.deb")
        value_kept(machine, 42)


def purging(folder):
    with installed() as machine:
        said = machine.dpkg("-P", "mainstem")
        expect("the data in /var/lib/mainstem are still there" in said, f"purge says nothing of the data: {said}")
        expect(not machine.has("/etc/mainstem"), "purge left settings")
        expect(machine.has("/var/lib/mainstem/journal"), "purge took the data")
        expect(not machine.has("/etc/systemd/system/multi-user.target.wants/mainstem.service"),
               "purge left what enabled the service")
        machine.dpkg("-i", "/tmp/mainstem.deb")
        value_kept(machine, 42)
        shutil.rmtree(machine.path("/var/lib/mainstem"))
        os.mkdir(machine.path("/var/lib/mainstem"))
        with open(machine.path("/etc/mainstem/tls/key.pem"), "w", encoding="utf-8") as file:
            file.write("a secret")
        said = machine.dpkg("-P", "mainstem")
        expect(not machine.has("/var/lib/mainstem"), "purge left an empty folder of data")
        expect(machine.has("/etc/mainstem/tls/key.pem"), "purge took a key that was not the package's")
        expect("/etc/mainstem/tls is still there" in said, f"purge says nothing of the keys: {said}")


def in_a_namespace():
    """In a mount namespace of its own: what is mounted goes with it."""
    if os.geteuid() != 0:
        skip("only root can install packages into an overlay of this machine")
    for word in ("unshare", "chroot", "setpriv", "adduser"):
        if not shutil.which(word, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            skip(f"{word} is not installed")
    if not os.environ.get("MAINSTEM_NAMESPACE"):
        os.environ["MAINSTEM_NAMESPACE"] = "own"
        alone = subprocess.run(["unshare", "--mount", "--propagation", "private", "true"], check=False,
                               stderr=subprocess.DEVNULL).returncode == 0
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private" if alone else "unchanged",
                              sys.executable, *sys.argv])
    probe = subprocess.run("d=$(mktemp -d) && mount -t tmpfs tmpfs $d && mkdir $d/u $d/w $d/m && "
                           "mount -t overlay overlay -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/m; "
                           "code=$?; umount -R $d; rmdir $d; exit $code", shell=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, check=False)
    if probe.returncode:
        skip(f"no overlay of this machine can be mounted: {probe.stdout.strip()}")


if __name__ == "__main__":
    in_a_namespace()
    play(installing, upgrading, removing_and_coming_back, purging)

"""The Debian package: what is in it, what it depends on, and what its unit allows. It is built, taken apart
and judged; package_install_test.py installs it."""

import json
import os
import re
import shutil
import urllib.request

from house import TREE, Raw, Server, expect, expect_equal, note, play, run, skip, wait_for
from package import Package, build, tool
from people import PASSWORD, setup_token

EXPOSURE_MAX = 20  # systemd-analyze counts tenths: 2.0
UNIT = "lib/systemd/system/mainstem.service"
DOCUMENTS = "usr/share/doc/mainstem/"


def the_same_program_gives_the_same_bytes(folder):
    package = Package.get()
    with open(package.path, "rb") as first, open(build(folder), "rb") as second:
        expect(first.read() == second.read(), "two packages of one program differ")
    note(f"{os.path.basename(package.path)}: {os.path.getsize(package.path) / 1e6:.1f} MB")


def what_is_in_it(folder):
    package = Package.get()
    found = {}
    for line in tool("dpkg-deb", "-c", package.path).splitlines():
        mode, owner, _, _, _, name = line.split(None, 5)
        expect_equal(owner, "root/root", f"the owner of {name}")
        wanted = {"d": "drwxr-xr-x", "-": "-rwxr-xr-x" if "/bin/" in name else "-rw-r--r--"}.get(mode[0])
        expect_equal(mode, wanted, f"the rights of {name}")
        found[name[2:]] = mode
    del found[""]
    for name in ("usr/bin/mainstem", UNIT, "etc/mainstem/mainstem.conf", "usr/share/man/man1/mainstem.1.gz",
                 "usr/share/bash-completion/completions/mainstem", "usr/share/zsh/vendor-completions/_mainstem",
                 "usr/share/fish/vendor_completions.d/mainstem.fish", DOCUMENTS + "copyright",
                 DOCUMENTS + "changelog.gz", DOCUMENTS + "install.md", DOCUMENTS + "settings.md"):
        expect(name in found, f"{name} is not in the package")
    expect(not any(name.startswith("var/") for name in found), "data are the package's: removal would take them")
    for script in ("postinst", "prerm", "postrm"):
        tool("sh", "-n", f"{package.root}/DEBIAN/{script}")
    # Every file but the settings, which are the administrator's, has its sum.
    tool("md5sum", "--check", "--quiet", "DEBIAN/md5sums", cwd=package.root)
    with open(package.root + "/DEBIAN/md5sums", encoding="utf-8") as file:
        summed = {line.split("  ")[1].strip() for line in file}
    expect_equal(summed, {name for name in found if not name.endswith("/")} - {"etc/mainstem/mainstem.conf"},
                 "the files with sums")
    with open(package.root + "/DEBIAN/conffiles", encoding="utf-8") as file:
        expect_equal(file.read(), "/etc/mainstem/mainstem.conf\n", "the conffiles")


def what_it_depends_on(folder):
    package = Package.get()
    fields = dict(re.findall(r"^(\S+): (.*)$", tool("dpkg-deb", "-f", package.path), re.M))
    expect_equal(fields["Version"], run("version").stdout.split()[1], "the version")
    expect_equal(fields["Architecture"], tool("dpkg", "--print-architecture").strip(), "the architecture")
    named = {part.split()[0].split(":")[0] for part in fields["Depends"].split(", ")}
    # Of each library that the program names: the package that has it here.
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", tool("readelf", "-dW", package.root + "/usr/bin/mainstem"))
    expect(len(needed) > 5, f"the program needs only {needed}")
    owners = tool("dpkg", "-S", *(f"*/{library}" for library in needed)).splitlines()
    for library in needed:
        packages = {line.split(":")[0] for line in owners if line.endswith("/" + library)}
        expect(packages & named, f"{library} is of {packages}; the package depends on {sorted(named)}")
    expect({"adduser", "tzdata", "poppler-utils", "poppler-data"} <= named, f"a dependency is missing: {sorted(named)}")


def the_program_in_it_is_hardened(folder):
    package = Package.get()
    tool(TREE + "/scripts/check-hardening", package.root + "/usr/bin/mainstem")


def its_settings_are_accepted(folder):
    """As they are shipped, but for what only the package's own machine has."""
    package = Package.get()
    with open(package.root + "/etc/mainstem/mainstem.conf", encoding="utf-8") as file:
        text = file.read()
    live = [line for line in text.splitlines() if line and not line.startswith("#")]
    expect_equal(live, ["data = /var/lib/mainstem"], "settings that are no comments")
    with open(folder + "/mainstem.conf", "w", encoding="utf-8") as file:
        file.write(text)
    server = Server(folder + "/data", "--config", folder + "/mainstem.conf")
    expect_equal(server.stop(), 0, "exit code")


def unit_of(package):
    """Every directive of the unit, in order: [(name, value), ...]."""
    with open(f"{package.root}/{UNIT}", encoding="utf-8") as file:
        return re.findall(r"^([A-Za-z]+)=(.*)$", file.read(), re.M)


def the_unit_is_judged(folder):
    package = Package.get()
    if not shutil.which("systemd-analyze"):
        skip("systemd-analyze is not installed (package systemd)")
    unit = f"{package.root}/{UNIT}"
    # As it is shipped, without what this machine's administrator may have changed of it.
    said = tool("systemd-analyze", "security", "--offline=true", f"--root={package.root}",
                f"--threshold={EXPOSURE_MAX}", "--no-pager", unit)
    note(next(line for line in said.splitlines() if "Overall" in line).strip())
    # verify reads the unit as systemd would and names what it does not know; the program is where it says.
    with open(unit, encoding="utf-8") as file:
        text = file.read().replace("/usr/bin/mainstem", package.root + "/usr/bin/mainstem")
    with open(folder + "/mainstem.service", "w", encoding="utf-8") as file:
        file.write(text)
    said = tool("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", folder + "/mainstem.service")
    expect("mainstem" not in said, f"systemd-analyze verify: {said}")
    with open(folder + "/mainstem.service", "a", encoding="utf-8") as file:
        file.write("[Service]\nProtectSystme=strict\n")
    said = tool("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", folder + "/mainstem.service",
                ok=(0, 1))
    expect("ProtectSystme" in said, f"systemd-analyze verify finds nothing: {said}")


def calls_of(filters):
    """The system calls that SystemCallFilter= lines leave, in their order."""
    said = tool("systemd-analyze", "syscall-filter", "--no-pager")
    groups, name = {}, None
    for line in said.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = []
        elif line.startswith("    ") and name and not line.strip().startswith("#"):
            groups[name].append(line.strip())

    def members(name):
        if not name.startswith("@"):
            return {name}
        return set().union(*(members(inner) for inner in groups[name])) if groups[name] else set()

    allowed = set()
    for line in filters:
        named = set().union(*(members(name) for name in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed | members("@default")


def post(server, path, what):
    request = urllib.request.Request(f"http://{server.http}{path}", data=json.dumps(what).encode(),
                                     headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def what_it_does_is_what_the_unit_allows(folder):
    """The program under strace, MQTT, HTTP, SQL and people: each call that works here must work in the unit."""
    package = Package.get()
    if not shutil.which("strace") or not shutil.which("systemd-analyze"):
        skip("strace or systemd-analyze is not installed")
    trace = folder + "/trace"
    server = Server(folder + "/data", program=package.root + "/usr/bin/mainstem",
                    before=("strace", "-D", "-f", "-q", "-e", "signal=none", "-o", trace))
    raw = Raw(server)
    expect_equal(raw.publish("plant/a", '{"x":1}'), 0, "the reason in PUBACK")
    expect("plant/a/x" in post(server, "/v1/sql", {"sql": "select path from points"}), "SQL does not show the point")
    # The first host, by the set-up link: a password is hashed, on a thread of its own.
    post(server, "/v1/setup", {"token": setup_token(server), "name": "ann", "password": PASSWORD})
    expect_equal(server.stop(), 0, "exit code under strace")
    wait_for("the end of the trace", lambda: re.search(rf"^{server.process.pid} +\+\+\+ exited",
                                                       read(trace), re.M))
    text = read(trace)
    directives = unit_of(package)
    # Who fails is not asked: only what gave a result is needed.
    done = set(re.findall(r"^\d+ +(\w+)\(.*= (?!-1 E)", text, re.M)) | \
        set(re.findall(r"^\d+ +<\.\.\. (\w+) resumed>.*= (?!-1 E)", text, re.M))
    expect({"prctl", "pwrite64", "accept4", "execve"} <= done and len(done) > 40, f"only {sorted(done)} were seen")
    allowed = calls_of([value for name, value in directives if name == "SystemCallFilter"])
    expect(len(allowed) > 200 and "mount" not in allowed and "setuid" not in allowed,
           "the filter allows nothing, or too much")
    expect(done <= allowed, f"the unit refuses {sorted(done - allowed)}")
    families = set(re.findall(r"^\d+ +socket(?:pair)?\((?:AF|PF)_(\w+),.*= (?!-1 E)", text, re.M))
    named = dict(directives)["RestrictAddressFamilies"].split()
    same = {"LOCAL": "UNIX", "FILE": "UNIX"}
    expect({"AF_" + same.get(family, family) for family in families} <= set(named),
           f"the unit refuses sockets of {families}")
    code = [line for line in text.splitlines() if re.search(r"\b(mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC", line)]
    expect(not code, f"memory that is both written and run (MemoryDenyWriteExecute): {code[:2]}")
    note(f"{len(done)} system calls in use, {len(allowed)} allowed")


def read(path):
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


def the_container_recipe_fits_the_program(folder):
    """There is no container engine here: what the recipe says of the program is tried without one."""
    with open(TREE + "/packaging/Containerfile", encoding="utf-8") as file:
        recipe = file.read().replace("\\\n", " ")
    said = dict(re.findall(r"^([A-Z]+) +(.*)$", recipe, re.M))
    health = json.loads(re.search(r"CMD +(\[.*\])", said["HEALTHCHECK"]).group(1))
    program = json.loads(said["ENTRYPOINT"])
    expect_equal(health[0], program[0], "the program of the health check")
    expect("usr/bin/mainstem" in program[0] and os.path.isfile(Package.get().root + program[0]),
           f"{program[0]} is not in the package")
    words = json.loads(said["CMD"])
    expect(os.path.isfile(Package.get().root + words[words.index("--config") + 1]), f"no settings for {words}")
    volume = said["VOLUME"].strip()
    expect_equal(health[health.index("--data") + 1], volume, "the folder of the health check")
    data = folder + "/data"
    health = [data if word == volume else word for word in health[1:]]
    server = Server(data)
    expect_equal(run(*health).returncode, 0, "the health of a server that runs")
    expect_equal(server.stop(), 0, "exit code")
    expect(run(*health).returncode != 0, "a server that has ended passes for well")
    # The recipe gives the user a number and owns nothing else of the machine.
    expect(re.fullmatch(r"(\d+):\1", said["USER"].strip()) and "0:0" not in said["USER"], f"USER {said['USER']}")


if __name__ == "__main__":
    play(the_same_program_gives_the_same_bytes, what_is_in_it, what_it_depends_on,
         the_program_in_it_is_hardened, its_settings_are_accepted, the_unit_is_judged,
         what_it_does_is_what_the_unit_allows, the_container_recipe_fits_the_program)

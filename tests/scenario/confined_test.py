"""The server writes nowhere but below its data folder, and gives up what it does not need.

strace watches every call that could change a file system, by any thread and by the processes of SQL, while
the server does all it does with files: journal, snapshots, history, sessions, erasures, another start."""

import glob
import json
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import urllib.request

from house import PROGRAM, Raw, Server, connect_packet, expect, expect_equal, free_port, note, play, run, skip, wait_for
from people import PASSWORD, setup_token

CALLS = "%file,bind,fchmod,fchown,ftruncate"
HARMLESS = re.compile(r"/dev/null|/proc/self/task/\d+/comm")  # nowhere, and the names of its own threads
CHANGING = {"creat", "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link",
            "linkat", "symlink", "symlinkat", "mknod", "mknodat", "truncate", "chmod", "fchmodat", "chown", "lchown",
            "fchownat", "utime", "utimes", "futimesat", "utimensat", "setxattr", "removexattr", "mount", "chroot",
            "pivot_root", "bind"}


def paths_of(arguments):
    """The paths that a call names, each made whole: strace -y shows where a folder's descriptor leads."""
    found = []
    for folder, path in re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?(?:sun_path=)?"((?:[^"\\]|\\.)*)"', arguments):
        found.append(os.path.normpath(os.path.join(folder or "/", path)))
    return found


def changes_of(trace):
    """What a trace shows of changes that took place: [(call, path), ...]."""
    found = []
    for line in trace.splitlines():
        match = re.match(r"\d+ +(\w+)\((.*)\) += (-?\d+)", line)
        if not match or match.group(3) == "-1":
            continue
        call, arguments = match.group(1), match.group(2)
        opens = call in ("open", "openat", "openat2") and \
            re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)", arguments)
        if call == "bind" and "sun_path" not in arguments:
            continue
        if opens or call in CHANGING:
            found += [(call, path) for path in paths_of(arguments)]
    return found


def elsewhere(changes, data):
    """Those that are neither below the folder nor the folder itself, nor harmless."""
    return [change for change in changes
            if change[1] != data and not change[1].startswith(data + "/") and not HARMLESS.fullmatch(change[1])]


def strace(trace):
    return ("strace", "-D", "-f", "-q", "-y", "-s", "4096", "-e", "trace=" + CALLS, "-e", "signal=none", "-o", trace)


def ask(server, path, body=None, method=None, media="application/json"):
    request = urllib.request.Request(f"http://{server.http}{path}", data=body, method=method,
                                     headers={"Content-Type": media} if body else {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def all_that_touches_files(server, life):
    raw = Raw(server, connect=False)
    raw.send(connect_packet(4, client_id=f"kept-{life}", clean=False))
    raw.take()
    raw.subscribe(("plant/#", 1))
    other = Raw(server)
    for number in range(200):
        expect_equal(other.publish("plant/a", f'{{"x":{number}}}'), 0, "the reason in PUBACK")
    other.publish("plant/note", "no reading", flags=3)
    ask(server, "/write", b"pump,site=north rpm=1450,on=true", media="text/plain")
    ask(server, "/v1/points", b'{"path":"plant/made-%d","type":"float64"}' % life)
    wait_for("the history", lambda: "199" in ask(server, "/v1/samples?path=plant/a/x&from=-1h"))
    expect("plant/a/x" in ask(server, "/v1/sql", b'{"sql":"select path, max(value) from samples group by 1"}'),
           "SQL does not show the point")
    point = ask(server, "/v1/points/plant/a/x")
    expect("199" in point, f"the point is {point}")


def secured(folder):
    """Options of a server with a door of TLS, and that door's address."""
    expect_equal(run("cert", "self-signed", "--out", folder).returncode, 0, "exit code of cert self-signed")
    address = f"127.0.0.1:{free_port()}"
    return ("--https", address, "--tls-certificate", folder + "/mainstem.crt", "--tls-key",
            folder + "/mainstem.key"), address


def ask_secured(address):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(f"https://{address}/healthz", timeout=60, context=context) as answer:
        expect("alive" in answer.read().decode(), "the door of TLS does not answer")


def somebody_comes_in(server):
    """The first host, by the set-up link: a password is hashed, a secret sealed, a session begun."""
    said = ask(server, "/v1/setup", json.dumps({"token": setup_token(server), "name": "ann", "password": PASSWORD}).encode())
    expect("ann" in said, f"the set-up link says {said}")


def nothing_is_written_elsewhere(folder):
    data, trace = os.path.realpath(folder) + "/house/data", folder + "/trace"
    words, address = secured(folder + "/elsewhere")
    found = []
    for life in range(2):
        path = f"{trace}-{life}"
        server = Server(data, "--snapshot-interval", "1s", "--history-window-time", "1s", *words,
                        before=strace(path))
        ask_secured(address)
        all_that_touches_files(server, life)
        if life == 1:
            somebody_comes_in(server)
        wait_for("a snapshot and a sealed window",
                 lambda: glob.glob(data + "/snapshots/*") and glob.glob(data + "/history/*.part"))
        expect_equal(server.stop(), 0, "exit code under strace")
        wait_for("the end of the trace", lambda: re.search(rf"^{server.process.pid} +\+\+\+ exited", read(path), re.M))
        found += changes_of(read(path))
    places = {os.path.relpath(path, data).split("/")[0] for _, path in found if path.startswith(data)}
    expect({"journal", "snapshots", "history", "lock", "control.sock"} <= places, f"only {places} were written")
    # Folders above the data folder may be made once, when it is made.
    above = {("mkdir", os.path.dirname(data)), ("mkdirat", os.path.dirname(data))}
    wrong = [change for change in elsewhere(found, data) if change not in above]
    expect(not wrong, f"written elsewhere: {wrong[:5]}")
    note(f"{len(found)} changes of files, all below the data folder")


def the_trace_finds_what_is_written_elsewhere(folder):
    """The watch itself: a program that does is found, by each kind of call."""
    data = os.path.realpath(folder) + "/data"
    os.mkdir(data)
    home = os.path.realpath(folder)
    subprocess.run([*strace(folder + "/trace")[:1], *strace(folder + "/trace")[2:], sys.executable, "-c", f"""if True:
        import os, socket
        os.chdir({data!r})
        open("fine", "w").close()
        open("/dev/null", "w").close()
        open("../opened", "w").close()
        os.mkdir({home!r} + "/made")
        os.rename("fine", {home!r} + "/renamed")
        fd = os.open({home!r}, os.O_PATH)
        os.symlink("target", "linked", dir_fd=fd)
        socket.socket(socket.AF_UNIX).bind({home!r} + "/bound")
        os.chmod({home!r} + "/opened", 0o600)
        os.unlink({home!r} + "/renamed")
        """], check=True, timeout=60)
    wanted = {home + "/" + name for name in ("opened", "made", "renamed", "linked", "bound")}
    found = {path for _, path in elsewhere(changes_of(read(folder + "/trace")), data)}
    expect(wanted <= found, f"of {sorted(wanted)} only {sorted(found)} were found")


def what_it_keeps_is_its_own(folder):
    """Whatever the umask of who started it."""
    server = Server(folder + "/data", before=("sh", "-c", 'umask 022 && exec "$@"', "sh"))
    Raw(server).publish("plant/a", '{"x":1}')
    names = [folder + "/data"]
    for home, folders, files in os.walk(folder + "/data"):
        names += [os.path.join(home, name) for name in folders + files]
    expect(len(names) > 4, f"only {names}")
    for name in names:
        mode = os.lstat(name).st_mode
        expect_equal(stat.S_IMODE(mode), 0o700 if stat.S_ISDIR(mode) else 0o600, f"rights of {name}")
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        status = dict(line.split(":", 1) for line in file.read().splitlines())
    expect_equal(status["NoNewPrivs"].strip(), "1", "NoNewPrivs")
    expect_equal(status["Umask"].strip(), "0077", "Umask")
    with open(f"/proc/{server.process.pid}/limits", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("Max core file size"))
    expect_equal(line.split()[4:6], ["0", "0"], "soft and hard limit of core dumps")


def a_crash_leaves_no_memory_behind(folder):
    """Where another program's crash leaves a core dump, the server's leaves none."""
    def crashed(name, *words):
        home = f"{folder}/{name}"
        os.makedirs(home, exist_ok=True)
        return ("sh", "-c", 'cd "$0" && ulimit -c $(ulimit -Hc) && exec "$@"', home, *words), home

    words, home = crashed("other", "sleep", "60")
    other = subprocess.Popen(words)
    wait_for("the other program", lambda: read(f"/proc/{other.pid}/comm").strip() == "sleep")
    other.send_signal(signal.SIGSEGV)
    other.wait(timeout=60)
    if not os.listdir(home):
        note("crashes leave nothing in their folder on this machine: not looked at")
        return
    words, home = crashed("server")
    server = Server(folder + "/data", before=words)
    expect_equal(server.stop(signal.SIGSEGV), -signal.SIGSEGV, "how the server ended")
    expect_equal(os.listdir(home), [], "what a crash left")


def its_memory_is_closed_to_others(folder):
    """A process of the same user may not look into it; of root's nothing can be said."""
    program, before = PROGRAM, ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            skip("setpriv is not installed")
        os.chown(folder, 65534, 65534)
        program = shutil.copy(PROGRAM, folder)  # root's own folders are closed to that user
        before = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    server = Server(folder + "/data", program=program, before=before)
    pid = server.process.pid
    look = "import sys; open(sys.argv[1], 'rb').read(1)"
    for name in ("environ", "mem", "maps"):
        done = subprocess.run([*before, sys.executable, "-c", look, f"/proc/{pid}/{name}"], stderr=subprocess.PIPE,
                              text=True, timeout=60, check=False)
        expect("PermissionError" in done.stderr, f"/proc/{pid}/{name} is open to its user: {done.stderr[-200:]!r}")
    expect_equal(server.stop(), 0, "exit code")


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


if __name__ == "__main__":
    if not shutil.which("strace"):
        skip("strace is not installed")
    probe = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "true"], text=True, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if probe.returncode:
        skip(f"strace may not trace here: {probe.stdout.strip()}")
    play(nothing_is_written_elsewhere, the_trace_finds_what_is_written_elsewhere, what_it_keeps_is_its_own,
         a_crash_leaves_no_memory_behind, its_memory_is_closed_to_others)

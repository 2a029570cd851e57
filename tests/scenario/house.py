"""What the scenarios share: a server as a child, a raw MQTT client, the control door, a load whose
acknowledgements are remembered, and the program under test.

Only the standard library. The raw client builds packets byte by byte, so that a scenario can also
send what no library would. Every wait has an end; a failing check prints what was expected, what
was found, and the server's log.
"""

import json
import os
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("MAINSTEM", os.path.join(TREE, "build/mainstem"))
READBACK = os.environ.get("MAINSTEM_READBACK", "")
# Sanitizers and a busy machine make everything slower; no wait is shorter for it.
PATIENCE_S = float(os.environ.get("MAINSTEM_PATIENCE_S", "30"))
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


class Failed(Exception):
    """A check that did not hold."""


def skip(reason):
    note(f"skipped: {reason}")
    sys.exit(SKIPPED)


def note(line):
    """A figure worth reading though the scenario passed: shown under the test's line."""
    print("       " + line, flush=True)
    if os.environ.get("MAINSTEM_REPORT"):
        os.makedirs(os.path.dirname(os.environ["MAINSTEM_REPORT"]), exist_ok=True)
        with open(os.environ["MAINSTEM_REPORT"], "a", encoding="utf-8") as report:
            report.write(line + "\n")


def expect(condition, text):
    if not condition:
        raise Failed(text)


def expect_equal(found, wanted, what):
    expect(found == wanted, f"{what}: expected {wanted!r}, found {found!r}")


def wait_for(what, ask, seconds=None):
    """Asks until the answer is true; returns it."""
    end = time.monotonic() + (seconds or PATIENCE_S)
    while True:
        answer = ask()
        if answer:
            return answer
        expect(time.monotonic() < end, f"waited in vain for {what}")
        time.sleep(0.02)


def need_files(count):
    """So many file descriptors for this process, or the scenario is skipped."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            return
        except (ValueError, PermissionError):
            skip(f"{hard} file descriptors are allowed here, {count} are needed")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*words, seconds=None, env=None, cwd=None, program=None):
    """Runs the program with these words to its end; returns its result with text output."""
    return subprocess.run([program or PROGRAM, *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=seconds or 4 * PATIENCE_S, cwd=cwd,
                          env={**os.environ, **(env or {})})


class Server:
    """`mainstem serve` in the foreground of a child process."""

    every = []  # all that were started, to be ended whatever happens

    def __init__(self, data, *words, program=None, env=None, before=(), wait=True, mqtt=None,
                 http=None):
        self.data, self.words = data, words
        self.port = free_port()
        self.mqtt = mqtt or f"127.0.0.1:{self.port}"
        self.http = http or f"127.0.0.1:{free_port()}"
        handle, self.log_path = tempfile.mkstemp(prefix="mainstem-log-")
        command = [*before, program or PROGRAM, "serve", "--data", data, "--mqtt", self.mqtt,
                   "--http", self.http, *words]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=handle,
                                        env={**os.environ, **(env or {})})
        os.close(handle)
        Server.every.append(self)
        self.ready_s = None
        if wait:
            self.wait_ready()

    def wait_ready(self, seconds=None):
        began = time.monotonic()

        def look():
            if "ready" in self.log():
                return True
            expect(self.process.poll() is None,
                   f"serve ended with {self.process.returncode} before it was ready")
            return False

        wait_for("the line with the word ready", look, seconds)
        self.ready_s = time.monotonic() - began

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, signal_number=signal.SIGTERM, seconds=None):
        """Signals and waits; returns the exit code (negative: the signal that ended it)."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.process.wait(timeout=seconds or PATIENCE_S)

    def kill(self):
        return self.stop(signal.SIGKILL)

    def control(self):
        return Control(self.data)


class Control:
    """The control door: one JSON object a line, each way."""

    def __init__(self, data):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        # A Unix address holds 108 bytes: go through the folder's descriptor instead of its path.
        folder = os.open(data, os.O_PATH)
        try:
            self.socket.connect(f"/proc/self/fd/{folder}/control.sock")
        finally:
            os.close(folder)
        self.file = self.socket.makefile("rb")

    def ask(self, **question):
        self.socket.sendall(json.dumps(question).encode() + b"\n")
        line = self.file.readline()
        expect(line, f"the control door closed on {question}")
        return json.loads(line)

    def points(self, match="#"):
        """All points that match, by path."""
        found, after = {}, 0
        while after is not None:
            answer = self.ask(ask="points", match=match, after=after, most=1000)
            expect("points" in answer, f"no points in {answer}")
            for point in answer["points"]:
                found[point["path"]] = point
            after = answer.get("next")
        return found

    def close(self):
        self.file.close()
        self.socket.close()


# ---- MQTT, byte by byte -------------------------------------------------------------------------------

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 5, 6, 7, 8, 9
UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH = 10, 11, 12, 13, 14, 15


def varint(number):
    out = b""
    while True:
        byte, number = number & 127, number >> 7
        out += bytes([byte | (128 if number else 0)])
        if not number:
            return out


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(data)) + data


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def connect_packet(version=4, client_id="", keep_alive_s=60, clean=True, properties=b"",
                   name=None, level=None, flags=None, user=None, password=None):
    flag_bits = (2 if clean else 0) | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = text(name or ("MQIsdp" if version == 3 else "MQTT"))
    body += bytes([version if level is None else level, flag_bits if flags is None else flags])
    body += struct.pack(">H", keep_alive_s)
    if version == 5:
        body += varint(len(properties)) + properties
    words = [client_id, *(word for word in (user, password) if word is not None)]
    return packet(CONNECT, 0, body + b"".join(text(word) for word in words))


def publish_packet(topic, payload, qos=0, packet_id=1, version=4, properties=b"", flags=None):
    body = text(topic)
    if qos:
        body += struct.pack(">H", packet_id)
    if version == 5:
        body += varint(len(properties)) + properties
    data = payload if isinstance(payload, bytes) else payload.encode()
    return packet(PUBLISH, qos << 1 if flags is None else flags, body + data)


def answer_packet(kind, packet_id):
    """PUBACK, PUBREC, PUBREL or PUBCOMP with success, in any version."""
    return packet(kind, 2 if kind == PUBREL else 0, struct.pack(">H", packet_id))


def subscribe_packet(filters, packet_id=1, version=4, properties=b""):
    """filters: pairs of a filter and its options byte (in 3.1.1 the QoS)."""
    body = struct.pack(">H", packet_id)
    if version == 5:
        body += varint(len(properties)) + properties
    return packet(SUBSCRIBE, 2, body + b"".join(text(name) + bytes([options]) for name, options in filters))


def varint_take(data):
    """The number at the beginning, and what follows it."""
    number, shift = 0, 0
    for at, byte in enumerate(data):
        number |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return number, data[at + 1:]
    raise Failed(f"a variable byte integer without an end: {data[:8]!r}")


class Published:
    """A PUBLISH taken apart. properties: the bytes between their length and the payload."""

    def __init__(self, flags, body, version):
        self.dup, self.qos, self.retain = flags >> 3 & 1, flags >> 1 & 3, flags & 1
        length = struct.unpack(">H", body[:2])[0]
        self.topic, body = body[2:2 + length].decode(), body[2 + length:]
        self.packet_id = struct.unpack(">H", body[:2])[0] if self.qos else 0
        body = body[2:] if self.qos else body
        self.properties = b""
        if version == 5:
            length, body = varint_take(body)
            self.properties, body = body[:length], body[length:]
        self.payload = body.decode(errors="replace")

    def __repr__(self):
        return (f"({self.topic} {self.payload[:40]!r} QoS {self.qos} id {self.packet_id}"
                f"{' DUP' if self.dup else ''}{' RETAIN' if self.retain else ''})")


class Raw:
    """One connection that sends any bytes and takes packets apart."""

    def __init__(self, server, version=4, connect=True, **options):
        host, port = server.mqtt.rsplit(":", 1)
        self.version = version
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""
        self.packet_id = 0
        if connect:
            options.setdefault("client_id", f"raw-{random.getrandbits(48):x}")
            self.send(connect_packet(version, **options))
            kind, _, body = self.take()
            expect_equal(kind, CONNACK, "the answer to CONNECT")
            expect_equal(body[1], 0, "the reason in CONNACK")
            self.connack = body

    def send(self, data):
        self.socket.sendall(data)

    def _fill(self):
        data = self.socket.recv(65536)
        if not data:
            return False
        self.pending += data
        return True

    def take(self, seconds=None):
        """The next packet as (type, flags, body); None when the server closed the connection."""
        self.socket.settimeout(seconds or PATIENCE_S)
        while True:
            found = self._parse()
            if found:
                return found
            try:
                if not self._fill():
                    return None
            except ConnectionError:
                return None
            except socket.timeout as err:
                raise Failed("no packet came from the server in time") from err

    def _parse(self):
        length, shift = 0, 0
        for at in range(1, min(len(self.pending), 5)):
            length |= (self.pending[at] & 127) << shift
            shift += 7
            if not self.pending[at] & 128:
                whole = at + 1 + length
                if len(self.pending) < whole:
                    return None
                first, body = self.pending[0], self.pending[at + 1:whole]
                self.pending = self.pending[whole:]
                return first >> 4, first & 15, body
        return None

    def publish(self, topic, payload, qos=1, **options):
        """Publishes and, with QoS 1, waits for the PUBACK; returns its reason code."""
        self.packet_id = self.packet_id % 65535 + 1
        self.send(publish_packet(topic, payload, qos, self.packet_id, self.version, **options))
        return self.take_puback(self.packet_id) if qos else 0

    def take_puback(self, packet_id):
        answer = self.take()
        expect(answer is not None, "the connection closed where a PUBACK should come")
        kind, _, body = answer
        expect_equal(kind, PUBACK, "the answer to PUBLISH")
        expect_equal(struct.unpack(">H", body[:2])[0], packet_id, "the packet identifier in PUBACK")
        return body[2] if len(body) > 2 else 0

    def subscribe(self, *filters, properties=b""):
        """filters: pairs of a filter and its options byte. Returns the codes of SUBACK, which
        must be the next packet."""
        self.packet_id = self.packet_id % 65535 + 1
        self.send(subscribe_packet(filters, self.packet_id, self.version, properties))
        kind, _, body = self.take()
        expect_equal(kind, SUBACK, "the answer to SUBSCRIBE")
        expect_equal(struct.unpack(">H", body[:2])[0], self.packet_id, "the packet identifier in SUBACK")
        if self.version == 5:
            length, body = varint_take(body[2:])
            return list(body[length:])
        return list(body[2:])

    def take_publish(self, seconds=None):
        """The next packet, which must be a PUBLISH; it is not acknowledged."""
        answer = self.take(seconds)
        expect(answer is not None, "the connection closed where a PUBLISH should come")
        kind, flags, body = answer
        expect_equal(kind, PUBLISH, "the type of the packet where a PUBLISH should come")
        return Published(flags, body, self.version)

    def take_answer(self, kind, packet_id):
        """The next packet, which must be this answer to this packet; returns its reason code."""
        answer = self.take()
        expect(answer is not None, f"the connection closed where the packet of type {kind} should come")
        expect_equal((answer[0], struct.unpack(">H", answer[2][:2])[0]), (kind, packet_id),
                     "type and packet identifier of the answer")
        return answer[2][2] if len(answer[2]) > 2 else 0

    def ping(self):
        self.send(packet(PINGREQ, 0, b""))
        answer = self.take()
        expect(answer is not None and answer[0] == PINGRESP, f"PINGRESP expected, found {answer}")

    def close(self):
        self.socket.close()


# ---- load: what was acknowledged must be found ------------------------------------------------------------

class Load:
    """Connections that publish counted readings and remember how far they were acknowledged.

    Connection i sends load/i {"seq": n, "half": n / 2} for n = 1, 2, 3 ... with a window of
    unacknowledged messages. The server acknowledges in order, so one number says it all.
    """

    def __init__(self, server, connections=4, window=64, first=None, pause_s=0.0):
        self.server, self.window, self.pause_s = server, window, pause_s
        self.sent = list(first or [0] * connections)
        self.acked = list(self.sent)
        self.stopping = threading.Event()
        self.faults = []
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True)
                        for i in range(connections)]
        for thread in self.threads:
            thread.start()

    def _run(self, i):
        try:
            raw = Raw(self.server)
            raw.socket.settimeout(0.2)
            base = self.sent[i]
            while not self.stopping.is_set():
                if self.sent[i] - self.acked[i] < self.window:
                    out = b""
                    while self.sent[i] - self.acked[i] < self.window:
                        self.sent[i] += 1
                        number = self.sent[i]
                        out += publish_packet(f"load/{i}", f'{{"seq":{number},"half":{number / 2}}}',
                                              1, (number - base - 1) % 65535 + 1)
                    raw.send(out)
                self._acks(raw, i, base)
                if self.pause_s:
                    time.sleep(self.pause_s)
            raw.close()
        except OSError:
            pass  # the server was killed, or its disk went: that is the scenario
        except Exception as fault:  # anything else is a failure of the scenario
            self.faults.append(fault)

    def _acks(self, raw, i, base):
        try:
            if not raw._fill():
                raise ConnectionResetError
        except socket.timeout:
            return
        while True:
            answer = raw._parse()
            if not answer:
                return
            kind, _, body = answer
            expect_equal(kind, PUBACK, "the answer under load")
            expect_equal(struct.unpack(">H", body[:2])[0], (self.acked[i] - base) % 65535 + 1,
                         "the order of acknowledgements")
            self.acked[i] += 1

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)
        if self.faults:
            raise self.faults[0]


def readback(data):
    """Every sample of the journal: {path: {number as text, ...}} by the offline reader."""
    result = run(data, program=READBACK, seconds=20 * PATIENCE_S)
    expect_equal(result.returncode, 0, f"the offline reader's exit code ({result.stderr.strip()})")
    found = {}
    for line in result.stdout.splitlines():
        path, _, value = line.split("\t")
        found.setdefault(path, set()).add(value)
    return found


def lost_readings(data, kept):
    """What was acknowledged but is not in the journal, as a list of sentences.

    kept: for each connection of a load, the numbers that were acknowledged."""
    found = readback(data)
    lost = []
    for i, numbers in enumerate(kept):
        sequences = {float(value) for value in found.get(f"load/{i}/seq", ())}
        halves = {float(value) for value in found.get(f"load/{i}/half", ())}
        lost += [f"load/{i}/seq {number}" for number in numbers if number not in sequences]
        lost += [f"load/{i}/half {number / 2}" for number in numbers if number / 2 not in halves]
    return lost


class Kept:
    """Over several lives of one folder: what was acknowledged in each, and where to go on."""

    def __init__(self, connections=4):
        self.numbers = [set() for _ in range(connections)]
        self.next = [0] * connections

    def take(self, load):
        for i, numbers in enumerate(self.numbers):
            numbers.update(range(self.next[i] + 1, load.acked[i] + 1))
        # What was sent but not acknowledged may be there or not: the next life goes on behind it.
        self.next = list(load.sent)

    def total(self):
        return sum(map(len, self.numbers))


# ---- disks of our own ---------------------------------------------------------------------------------------

class Ext4:
    """A small ext4 of its own on a loop device, whose power can be cut."""

    SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
    NO_LOG_FLUSH = struct.pack("I", 2)  # what is in memory only is gone

    every = []

    def __init__(self, folder, size_mib):
        self.image = os.path.join(folder, "disk.img")
        self.mounted = os.path.join(folder, "disk")
        os.makedirs(self.mounted, exist_ok=True)
        with open(self.image, "wb") as image:
            image.truncate(size_mib << 20)
        make = subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", self.image], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expect_equal(make.returncode, 0, f"mkfs.ext4 ({make.stdout.strip()})")
        self.mount()
        Ext4.every.append(self)

    def mount(self):
        result = subprocess.run(["mount", "-o", "loop", self.image, self.mounted], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        expect_equal(result.returncode, 0, f"mount ({result.stdout.strip()})")

    def unmount(self):
        def attempt():
            return subprocess.run(["umount", self.mounted], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL).returncode == 0
        wait_for(f"umount of {self.mounted}", attempt)

    def cut_power(self):
        """From this moment nothing more reaches the device, and what was not synced is lost."""
        import fcntl
        folder = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, Ext4.SHUTDOWN, Ext4.NO_LOG_FLUSH)
        finally:
            os.close(folder)

    def free_bytes(self):
        status = os.statvfs(self.mounted)
        return status.f_bavail * status.f_frsize


def need_loop_devices():
    """Skips the scenario where this machine cannot mount a file system of its own."""
    if os.geteuid() != 0:
        skip("mounting a file system needs root")
    for tool in ("mkfs.ext4", "losetup", "mount", "umount"):
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            skip(f"{tool} is not installed")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    probe = subprocess.run(["losetup", "--find"], text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    if probe.returncode:
        skip(f"no loop devices: {probe.stdout.strip()}")
    folder = tempfile.mkdtemp(prefix="mainstem-loop-")
    try:
        disk = Ext4(folder, 16)
        disk.unmount()
        Ext4.every.remove(disk)
    except Failed as fault:
        skip(f"no ext4 on a loop device here: {fault}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---- playing ------------------------------------------------------------------------------------------------

def play(*scenarios):
    """Runs scenarios, each a function of a fresh folder; the first red line is the cause."""
    names = sys.argv[1:]
    failed = False
    for scenario in scenarios:
        if names and scenario.__name__ not in names:
            continue
        folder = tempfile.mkdtemp(prefix="mainstem-test-")
        os.chmod(folder, 0o755)
        began = time.monotonic()
        try:
            scenario(folder)
            print(f"ok     {scenario.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except SystemExit:
            raise
        except BaseException as fault:
            failed = True
            print(f"FAILED {scenario.__name__}: {fault}", flush=True)
            if not isinstance(fault, Failed):
                traceback.print_exc(file=sys.stdout)
            if Server.every:
                print(f"the last server's log ends:\n{Server.every[-1].log()[-4000:]}", flush=True)
            print(f"repeat with: MAINSTEM={PROGRAM} MAINSTEM_READBACK={READBACK} /usr/bin/python3 "
                  f"{os.path.abspath(sys.argv[0])} {scenario.__name__}", flush=True)
        finally:
            for server in Server.every:
                if server.process.poll() is None:
                    server.kill()
                os.unlink(server.log_path)
            Server.every.clear()
            for disk in Ext4.every:
                disk.unmount()
            Ext4.every.clear()
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)

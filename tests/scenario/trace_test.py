"""No PUBACK and no 2xx leaves before the synced write of its batch: strace watches the server's system calls,
and this program reads the batches out of the writes and counts.

One connection sends single values of one topic by MQTT, or twenty send one sample each by HTTP, so message n
is sample record n of the journal. At the moment a send begins, the PUBACKs or answers that have left with it
must not outnumber the sample records in batches whose synced write has completed. A write is synced when its file was opened with O_DSYNC, or
when an fdatasync that began after the write has completed.
"""

import http.client
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time

from house import (PINGREQ, PUBACK, Raw, Server, expect, expect_equal, note, packet, play,
                   publish_packet, skip, wait_for)

SABOTAGED = os.environ.get("MAINSTEM_SABOTAGED", "")
CALLS = "openat,close,pwrite64,pwritev,pwritev2,fdatasync,fsync,accept4,write,writev,sendto,sendmsg"
MESSAGES, BURST = 3000, 40
REQUESTS, ASKERS = 600, 20


def unescape(quoted):
    """The bytes of strace's -xx strings in an argument list, joined."""
    return b"".join(bytes.fromhex(part.replace("\\x", "")) for part in
                    re.findall(r'"((?:\\x[0-9a-f]{2})*)"', quoted))


def sample_records(batch):
    """Sample records of a batch as it is written: header of 64 bytes, then runs (docs/format)."""
    expect_equal(batch[:4], b"MSB1", "the magic of a batch")
    body = batch[64:64 + struct.unpack_from("<I", batch, 52)[0]]
    offset, records = 0, 0
    while offset < len(body):
        fields = struct.unpack_from("<Q", body, offset)[0]
        size, count, lane = fields & 0xFFFFF, fields >> 20 & 0xFFFFF, fields >> 60 & 3
        records += count if lane == 2 else 0
        offset += 8 + size
    return records


def acknowledged(data):
    """How many PUBACK packets, or answers of HTTP that say yes, these bytes hold; others are stepped over."""
    if data.startswith(b"HTTP/1.1 "):
        return len(re.findall(rb"HTTP/1\.1 2", data))
    count, at = 0, 0
    while at + 2 <= len(data):
        count += data[at] >> 4 == 4
        at += 2 + data[at + 1]
    return count


class Trace:
    """Follows a trace in its order; strace prints the begin of a call before what comes after it."""

    def __init__(self, lines):
        self.durable_fds, self.sockets = set(), set()
        self.begun = {}       # thread -> (call, arguments) that has not returned yet
        self.unsynced = {}    # fd -> sample records that were written, not yet synced
        self.syncing = {}     # thread -> records its fdatasync will make durable
        self.synced = self.acked = self.writes = 0
        self.faults = []
        for line in lines:
            self.line(line)

    def line(self, line):
        match = re.match(r"(\d+) +(.*)", line)
        if not match:
            return
        thread, rest = match.groups()
        resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)", rest)
        if resumed:
            call, arguments = self.begun.pop(thread, (resumed.group(1), ""))
            self.end(thread, call, arguments + resumed.group(2))
            return
        begun = re.match(r"(\w+)\((.*)", rest)
        if not begun:
            return
        call, arguments = begun.groups()
        self.begin(thread, call, arguments)
        if arguments.endswith("<unfinished ...>"):
            self.begun[thread] = (call, arguments[:-len("<unfinished ...>")])
        else:
            self.end(thread, call, arguments)

    def begin(self, thread, call, arguments):
        fd = arguments.split(",")[0].split(")")[0].strip()
        if call in ("write", "writev", "sendto", "sendmsg") and fd in self.sockets:
            self.acked += acknowledged(unescape(arguments))
            if self.acked > self.synced:
                self.faults.append(f"acknowledgement {self.acked} began to leave when {self.synced} records "
                                   "were synced")
        elif call in ("fdatasync", "fsync"):
            self.syncing[thread] = (fd, self.unsynced.get(fd, 0))

    def end(self, thread, call, arguments):
        result = re.search(r"= (-?\d+)[^=]*$", arguments)
        fd = arguments.split(",")[0].split(")")[0].strip()
        if not result or int(result.group(1)) < 0:
            return
        if call == "openat":
            self.durable_fds.discard(result.group(1))
            self.sockets.discard(result.group(1))
            if "O_DSYNC" in arguments or "O_SYNC" in arguments:
                self.durable_fds.add(result.group(1))
        elif call == "accept4":
            self.durable_fds.discard(result.group(1))
            self.sockets.add(result.group(1))
        elif call == "close":
            self.sockets.discard(fd)
        elif call.startswith("pwrite"):
            data = unescape(arguments)
            if data[:4] == b"MSB1":
                self.writes += 1
                if fd in self.durable_fds:
                    self.synced += sample_records(data)
                else:
                    self.unsynced[fd] = self.unsynced.get(fd, 0) + sample_records(data)
        elif call in ("fdatasync", "fsync"):
            fd, records = self.syncing.pop(thread, (fd, 0))
            self.synced += records
            self.unsynced[fd] = self.unsynced.get(fd, 0) - records


def publish_all(server):
    """MESSAGES messages through one connection."""
    raw = Raw(server)
    for first in range(0, MESSAGES, BURST):
        raw.send(b"".join(publish_packet("trace/value", str(number), 1, number + 1)
                          for number in range(first, first + BURST)))
        time.sleep(0.001)
        raw.send(packet(PINGREQ, 0, b""))  # wakes the server while the write is under way
        answers = [raw.take() for _ in range(BURST + 1)]
        found = [struct.unpack(">H", body)[0] for kind, _, body in answers if kind == PUBACK]
        expect_equal(found, list(range(first + 1, first + BURST + 1)), "the PUBACKs of a burst")


def post_all(server):
    """REQUESTS samples, each by a request of its own, over ASKERS connections at once."""
    host, port = server.http.rsplit(":", 1)
    askers = [http.client.HTTPConnection(host, int(port), timeout=30) for _ in range(ASKERS)]
    for first in range(0, REQUESTS, ASKERS):
        for number, asker in enumerate(askers, first):
            asker.request("POST", "/v1/samples", json.dumps({"path": "trace/value", "value": number}),
                          {"Content-Type": "application/json"})
        for asker in askers:
            answer = asker.getresponse()
            answer.read()
            expect_equal(answer.status, 200, "the status of a sample")


def traced(folder, send, program=None, env=None):
    """A server under strace, messages through its doors, and what the trace shows.

    Writes begin 3 ms late, as on a slow disk: what leaves too early leaves visibly early."""
    path = folder + "/trace"
    server = Server(folder + "/data", program=program, env=env,
                    before=("strace", "-D", "-f", "-q", "-xx", "-s", "2097152", "-e", "trace=" + CALLS,
                            "-e", "inject=pwrite64:delay_enter=3000", "-e", "signal=none", "-o", path))
    send(server)
    expect_equal(server.stop(), 0, "exit code under strace")
    wait_for("the end of the trace", lambda: ended(path, server.process.pid))
    with open(path, encoding="ascii", errors="replace") as lines:
        return Trace(lines)


def ended(path, pid):
    with open(path, "rb") as file:
        file.seek(-min(os.path.getsize(path), 4096), os.SEEK_END)
        return re.search(rb"^%d +\+\+\+ exited" % pid, file.read(), re.M)


def no_puback_leaves_before_its_synced_write(folder):
    trace = traced(folder, publish_all)
    expect_equal(trace.acked, MESSAGES, "PUBACKs seen in the trace")
    expect(trace.writes >= MESSAGES / BURST, f"only {trace.writes} batches were written")
    expect(trace.synced >= MESSAGES, f"{trace.synced} records were synced for {MESSAGES} messages")
    expect(not trace.faults, f"{len(trace.faults)} times: {trace.faults[:3]}")
    note(f"{trace.acked} PUBACKs, {trace.writes} batches, each synced before it was acknowledged")


def no_answer_of_http_leaves_before_its_synced_write(folder):
    trace = traced(folder, post_all)
    expect_equal(trace.acked, REQUESTS, "answers seen in the trace")
    expect(trace.synced >= REQUESTS, f"{trace.synced} records were synced for {REQUESTS} samples")
    expect(not trace.faults, f"{len(trace.faults)} times: {trace.faults[:3]}")
    note(f"{trace.acked} answers, {trace.writes} batches, each synced before it was answered")


def the_trace_finds(folder, bug, send=publish_all):
    trace = traced(folder, send, SABOTAGED, {"MAINSTEM_SABOTAGE": bug})
    expect(trace.faults, f"the trace did not find {bug}: {trace.acked} acknowledged, {trace.synced} synced")
    note(f"{bug}: {trace.faults[0]}")


def the_trace_finds_early_acknowledgements(folder):
    the_trace_finds(folder, "early-ack")


def the_trace_finds_early_answers_of_http(folder):
    the_trace_finds(folder, "early-ack", post_all)


def the_trace_finds_a_missing_sync(folder):
    the_trace_finds(folder, "skip-sync")


if __name__ == "__main__":
    if not SABOTAGED:
        sys.exit("MAINSTEM_SABOTAGED must name the program with bugs")
    if not shutil.which("strace"):
        skip("strace is not installed")
    probe = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "true"], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if probe.returncode:
        skip(f"strace may not trace here: {probe.stdout.strip()}")
    play(no_puback_leaves_before_its_synced_write, no_answer_of_http_leaves_before_its_synced_write,
         the_trace_finds_early_acknowledgements, the_trace_finds_early_answers_of_http,
         the_trace_finds_a_missing_sync)

"""Nothing a client does makes the server's memory grow without a limit, or keeps it from the others.

Each scenario floods a server in one way, states how many bytes that may cost, and measures them as
the kernel counts them (VmRSS). Meanwhile a client of a process of its own pings and publishes with
QoS 1, and must be answered within a second each time."""

import itertools
import multiprocessing
import select
import socket
import struct
import time

from house import (CONNECT, DISCONNECT, PINGREQ, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, Raw, Server, connect_packet,
                   expect, expect_equal, need_files, note, packet, play, publish_packet, subscribe_packet,
                   text, varint, wait_for)
from packets import SLOWER

MIB = 1 << 20
PING = packet(PINGREQ, 0, b"")
FILES_WANTED = 12000


# ---- measuring ------------------------------------------------------------------------------------------

def resident(server):
    """Bytes of memory the server holds, as the kernel counts them."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def expect_about(found, wanted, what):
    """What is tried twice because the disk is slow may be counted twice."""
    expect(abs(found - wanted) <= wanted / 100, f"{what}: expected {wanted}, found {found}")


def counter(server, name):
    return server.control().ask(ask="state")["mqtt"][name]


def bystander(server, stop, ends):
    """In a process of its own: pings and publishes until it is told to stop; tells the longest wait."""
    longest, count, fault = 0.0, 0, None
    try:
        raw = Raw(server, client_id="bystander", keep_alive_s=0)
        while not stop.is_set():
            for ask in (raw.ping, lambda: raw.publish("bystander/count", str(count))):
                began = time.monotonic()
                ask()
                longest = max(longest, time.monotonic() - began)
            count += 1
            time.sleep(0.01)
    except Exception as err:
        fault = f"{type(err).__name__}: {err}"
    ends.send((longest, count, fault))


class Flood:
    """with Flood(server, most=bytes) as flood: ... The memory and the bystander are looked at in the end."""

    def __init__(self, server, what, most, served_s=1.0):
        self.server, self.what, self.most, self.served_s = server, what, most, served_s * SLOWER
        self.peak = 0

    def __enter__(self):
        context = multiprocessing.get_context("fork")
        self.stop = context.Event()
        self.ends, child = context.Pipe()
        self.process = context.Process(target=bystander, args=(self.server, self.stop, child), daemon=True)
        self.process.start()
        wait_for("the bystander", lambda: counter(self.server, "clients") == 1)
        self.before = resident(self.server)
        self.began = time.monotonic()
        return self

    def look(self):
        self.peak = max(self.peak, resident(self.server) - self.before)

    def __exit__(self, kind, value, trace):
        self.stop.set()
        if kind is not None:
            self.process.kill()
            return
        expect(self.server.process.poll() is None, f"{self.what}: the server ended")
        self.look()
        took = time.monotonic() - self.began
        expect(self.ends.poll(30 * SLOWER), f"{self.what}: the bystander was not answered at all")
        longest, count, fault = self.ends.recv()
        self.process.join()
        note(f"{self.what}: {self.peak / MIB:.1f} MiB more at most, {took:.1f} s; another client was answered "
             f"{count} times, after {longest * 1000:.0f} ms at the latest")
        expect(fault is None, f"{self.what}: the bystander was not served: {fault}")
        expect(count > 0 and longest < self.served_s, f"{self.what}: another client waited {longest:.2f} s")
        expect(self.peak < self.most,
               f"{self.what}: {self.peak / MIB:.1f} MiB more, at most {self.most / MIB:.0f} are allowed")


# ---- many sockets ---------------------------------------------------------------------------------------

def dial(server):
    host, port = server.mqtt.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20 * SLOWER)


def dial_all(server, first, count):
    """Connections that each send what first(i) gives; none is waited for."""
    found = []
    for i in range(count):
        one = dial(server)
        found.append(one)
        one.sendall(first(i))
    return found


def take_all(sockets, size, seconds=20):
    """The first `size` bytes of each; b"" of those that were closed."""
    found, poll, ends = {}, select.poll(), time.monotonic() + seconds * SLOWER
    by_number = {one.fileno(): one for one in sockets}
    for number in by_number:
        poll.register(number, select.POLLIN)
    taken = dict.fromkeys(by_number, b"")
    while len(found) < len(sockets):
        expect(time.monotonic() < ends, f"{len(sockets) - len(found)} of {len(sockets)} connections were not answered")
        for number, _ in poll.poll(1000):
            try:
                chunk = by_number[number].recv(size - len(taken[number]))
            except ConnectionError:
                chunk = b""
            taken[number] += chunk
            if not chunk or len(taken[number]) == size:
                poll.unregister(number)
                found[number] = taken[number]
    return [found[one.fileno()] for one in sockets]


def close_all(sockets, hard=False):
    for one in sockets:
        if hard:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()


def send_until_stuck(one, data, seconds=0.5, most=64 * MIB):
    """Sends the same bytes again and again until the other side has not read for a while."""
    one.setblocking(False)
    sent, at = 0, 0
    while sent < most:
        try:
            n = one.send(data[at:])
        except BlockingIOError:
            if not select.select([], [one], [], seconds * SLOWER)[1]:
                return sent
            continue
        sent += n
        at = (at + n) % len(data)
    return sent


def pump(sockets, data, seconds, flood):
    """Sends the same bytes on all of them again and again, and drops what comes back."""
    offsets, ends = dict.fromkeys(sockets, 0), time.monotonic() + seconds
    while offsets and time.monotonic() < ends:
        readable, writable, _ = select.select(list(offsets), list(offsets), [], 0.1)
        try:
            for one in readable:
                if not one.recv(MIB):
                    raise ConnectionResetError
            for one in writable:
                one.setblocking(False)
                offsets[one] = (offsets[one] + one.send(data[offsets[one]:])) % len(data)
        except BlockingIOError:
            pass
        except ConnectionError:
            del offsets[one]
        flood.look()


def numbered(topic, count, qos=0, size=100):
    """PUBLISH packets as one piece of bytes; the payload is no reading."""
    body = b"{" + b"x" * (size - 9)
    return b"".join(publish_packet(topic, b"%08d" % i + body, qos, i % 65535 + 1) for i in range(count))


def publish_and_wait(raw, topic, count, flood, size=100, window=2000):
    """QoS 1 in pieces, each acknowledged before the next."""
    body = b"{" + b"x" * (size - 9)
    for first in range(0, count, window):
        some = min(window, count - first)
        raw.send(b"".join(publish_packet(topic, b"%08d" % (first + i) + body, 1, i + 1) for i in range(some)))
        left = 4 * some
        while left:
            left -= len(raw.socket.recv(left))
        flood.look()


def drain(raw, quiet_s=1.0):
    """Numbers of all messages that come, acknowledged with QoS 1, until nothing comes for a while."""
    found = []
    raw.socket.settimeout(quiet_s * SLOWER)
    while True:
        answers = b""
        while True:
            taken = raw._parse()
            if not taken:
                break
            kind, flags, body = taken
            if kind != PUBLISH:
                continue
            length = struct.unpack(">H", body[:2])[0]
            at = 2 + length
            if flags & 6:
                answers += b"\x40\x02" + body[at:at + 2]
                at += 2
            found.append(int(body[at:at + 8]))
        if answers:
            raw.send(answers)
        try:
            if not raw._fill():
                return found
        except socket.timeout:
            return found


# ---- connections ----------------------------------------------------------------------------------------

def ten_thousand_idle_connections(folder):
    need_files(FILES_WANTED)
    server = Server(folder + "/data")
    count = 10000
    with Flood(server, f"{count} idle connections", count * 2048) as flood:
        sockets = dial_all(server, lambda i: connect_packet(4, f"idle-{i}", keep_alive_s=0), count)
        answers = take_all(sockets, 4)
        expect_equal(set(answers), {b"\x20\x02\x00\x00"}, "what they were told")
        expect_equal(counter(server, "clients"), count + 1, "clients")
        flood.look()
        note(f"a connection costs {(resident(server) - flood.before) / count:.0f} bytes")
        for one in sockets[::100]:
            one.sendall(PING)
        expect_equal(set(take_all(sockets[::100], 2)), {b"\xd0\x00"}, "their PINGRESP")
        close_all(sockets)
        wait_for("them to be gone", lambda: counter(server, "clients") == 1)


def ten_thousand_connections_that_say_nothing(folder):
    need_files(FILES_WANTED)
    server = Server(folder + "/data", "--mqtt-connect-time", "4s")
    count = 10000
    with Flood(server, f"{count} connections without CONNECT", count * 2048):
        began = time.monotonic()
        sockets = dial_all(server, lambda i: b"\x10"[:i & 1], count)  # nothing, or a first byte
        expect_equal(set(take_all(sockets, 1)), {b""}, "what they were told")
        took = time.monotonic() - began
        expect(4 <= took < 12 * SLOWER, f"they were closed after {took:.1f} s, mqtt.connect_time is 4 s")
        close_all(sockets)
        wait_for("them to be gone", lambda: counter(server, "connections") == 1)
        expect_equal(counter(server, "closed")["connect_time"], count, "closed for mqtt.connect_time")


def a_connect_that_never_ends(folder):
    """A byte now and then does not make mqtt.connect_time longer."""
    server = Server(folder + "/data", "--mqtt-connect-time", "1s")
    with Flood(server, "CONNECT byte by byte", 8 * MIB):
        slow, began = dial(server), time.monotonic()
        data = connect_packet(5, "slow" * 100)
        slow.settimeout(0.2)
        for at in range(len(data)):
            try:
                slow.sendall(data[at:at + 1])
                if slow.recv(1) == b"":
                    break
            except socket.timeout:
                pass
            except ConnectionError:
                break
            if time.monotonic() - began > 6 * SLOWER:
                break
        took = time.monotonic() - began
        expect(took < 5 * SLOWER, f"a connection without CONNECT was still there after {took:.1f} s")


def bytes_that_never_become_a_packet(folder):
    server = Server(folder + "/data")
    count = 300
    with Flood(server, f"{count} endless lengths and headers", 8 * MIB):
        hello = connect_packet(4, "")
        ends = [dial(server) for _ in range(count)]
        for one in ends:
            one.sendall(hello)
        take_all(ends, 4)
        # A remaining length whose bytes all say that another one follows [MQTT-1.5.5-1].
        for _ in range(5):
            for one in ends:
                try:
                    one.sendall(b"\xff")
                except ConnectionError:
                    pass
        expect_equal(set(take_all(ends, 1)), {b""}, "what they were told")
        close_all(ends)
        # A packet that is promised, and whose bytes come one by one: it holds what came, no more.
        ends = [dial(server) for _ in range(count)]
        for one in ends:
            one.sendall(hello)
        take_all(ends, 4)
        whole = publish_packet("slow/one", b"{" + b"x" * 900000)
        for at in range(40):
            for one in ends:
                one.sendall(whole[at:at + 1])
        expect(counter(server, "memory") < count * 2048, "more is held than came")
        close_all(ends)


def giant_packets(folder):
    limit = 64 * MIB
    server = Server(folder + "/data", "--mqtt-memory", "64M")
    with Flood(server, "packets of a MiB that never end", limit + 16 * MIB) as flood:
        # The head alone is enough to see that it is too large.
        ends = [Raw(server, 5) for _ in range(50)]
        for raw in ends:
            raw.send(b"\x30" + varint(268435455))
        for raw in ends:
            kind, _, body = raw.take()
            expect_equal((kind, body[0]), (DISCONNECT, 0x95), "the answer to a claim of 256 MiB")
            raw.close()
        part = publish_packet("giant", b"{" + b"x" * (MIB - 100))[:-1]
        ends = []
        for i in range(100):
            one = dial(server)
            one.sendall(connect_packet(5, f"giant{i}"))
            try:
                one.sendall(part)
            except ConnectionError:
                pass
            ends.append(one)
            flood.look()
        def refused():
            return counter(server, "closed")["memory"]

        wait_for("those above the limit to be refused", lambda: refused() >= 100 - 64)
        expect(refused() < 60, f"{refused()} of 100 clients with a MiB each were refused at 64 MiB")
        expect(counter(server, "memory") <= limit, "more than mqtt.memory is held")
        close_all(ends)
        wait_for("the memory to be given back", lambda: counter(server, "memory") < MIB)


# ---- clients that do not read --------------------------------------------------------------------------

def slow_subscriber(server, options, client_id, clean):
    """Subscribed to flood/#, and does not read. A small receive buffer, so that it soon shows."""
    raw = Raw(server, connect=False)
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    raw.send(connect_packet(4, client_id, keep_alive_s=0, clean=clean))
    expect_equal(raw.take()[2][1], 0, "CONNACK")
    expect_equal(raw.subscribe(("flood/#", options)), [options], "SUBACK")
    return raw


def a_subscriber_that_does_not_read_qos_0(folder):
    server, count = Server(folder + "/data", "--readings-match", "bystander/#"), 200000
    with Flood(server, f"{count} messages of QoS 0 to a client that does not read", 24 * MIB) as flood:
        slow = slow_subscriber(server, 0, "slow", True)
        publisher = Raw(server)
        data = numbered("flood/zero", count)
        for at in range(0, len(data), MIB):
            publisher.send(data[at:at + MIB])
            flood.look()
        publisher.ping()
        wait_for("the queue", lambda: counter(server, "in_flight") == 0)
        dropped = counter(server, "dropped_slow")
        expect(count - 60000 < dropped < count - 20000, f"{dropped} of {count} messages were dropped")
        found = drain(slow)
        expect_equal(len(found), count - dropped, "messages that came in the end")
        expect(found == sorted(set(found)), "messages came twice or out of order")


def a_subscriber_that_does_not_read_qos_1(folder):
    server, count = Server(folder + "/data", "--readings-match", "bystander/#"), 60000
    for name, clean in (("a session that ends with it", True), ("a kept session", False)):
        with Flood(server, f"{count} messages of QoS 1 to a client that does not read, {name}", 24 * MIB) as flood:
            slow = slow_subscriber(server, 1, f"slow{clean}", clean)
            publisher, before = Raw(server), counter(server, "dropped_queue")
            publish_and_wait(publisher, "flood/one", count, flood)
            dropped = counter(server, "dropped_queue") - before
            expect_about(dropped, count - 10000, "messages dropped above mqtt.queue")
            found = drain(slow)
            expect_equal(len(found), 10000, "messages that came in the end")
            expect(found == sorted(set(found)), "messages came twice or out of order")
            slow.send(packet(DISCONNECT, 0, b""))
            slow.close()
            publisher.close()
            wait_for("them to be gone", lambda: counter(server, "clients") == 1)


def answers_that_nobody_reads(folder):
    """PUBACK, PINGRESP and SUBACK that are never read: the client is not read on. (No readings: what these take in
    memory is the history's window, whoever sends them.)"""
    server = Server(folder + "/data")
    qos_1 = b"".join(publish_packet("n", b"{", 1, i + 1) for i in range(4000))
    retained = Raw(server)
    retained.publish("big", "{" + "x" * 60000, flags=3)
    retained.close()
    wait_for("it to be gone", lambda: counter(server, "clients") == 0)
    cases = (("PUBACK", qos_1), ("PINGRESP", PING * 4000), ("PUBREC", qos_1.replace(b"\x32\x06", b"\x34\x06")),
             ("retained messages", subscribe_packet([("big", 0)] * 100)), ("SUBACK", subscribe_packet([("s", 0)])))
    for what, data in cases:
        with Flood(server, f"a client that does not read its {what}", 12 * MIB) as flood:
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            one.connect(dial(server).getpeername())
            one.sendall(connect_packet(4, "mute", keep_alive_s=0))
            expect_equal(one.recv(4), b"\x20\x02\x00\x00", "CONNACK")
            sent = send_until_stuck(one, data)
            expect(sent < 64 * MIB, f"the server read {sent} bytes of a client that does not read {what}")
            flood.look()
            one.close()
            wait_for("it to be gone", lambda: counter(server, "clients") == 1)


# ---- subscriptions --------------------------------------------------------------------------------------

def subscribe_all(raw, filters, options=0):
    """The codes of all SUBACKs."""
    codes = []
    for at in range(0, len(filters), 1000):
        codes += raw.subscribe(*((name, options) for name in filters[at:at + 1000]))
    return codes


def a_flood_of_subscriptions(folder):
    """40,000 filters, left again, and that twice: what was held is used again."""
    server = Server(folder + "/data")
    with Flood(server, "40,000 subscriptions and their end", 24 * MIB) as flood:
        begun, after = counter(server, "memory"), []
        for turn in range(3):
            clients = [Raw(server) for _ in range(10)]
            for number, raw in enumerate(clients):
                codes = subscribe_all(raw, [f"flood/{number}/{i}/+/x" for i in range(4000)])
                expect_equal(set(codes), {0}, "SUBACK")
            expect_equal(counter(server, "subscriptions"), 40000, "subscriptions")
            flood.look()
            for number, raw in enumerate(clients[:5]):  # half of them leave, the others vanish
                for at in range(0, 4000, 1000):
                    body = b"\x00\x01" + b"".join(text(f"flood/{number}/{i}/+/x") for i in range(at, at + 1000))
                    raw.send(packet(UNSUBSCRIBE, 2, body))
                    raw.take()
            close_all([raw.socket for raw in clients])
            wait_for("them to be gone", lambda: counter(server, "subscriptions") == 0)
            after.append(resident(server))
        expect(after[2] - after[0] < 2 * MIB, f"after each turn {[value // 1024 for value in after]} KiB were held")
        wait_for("the memory to be given back", lambda: counter(server, "memory") <= begun + 4096)


def subscribes_faster_than_the_disk(folder):
    """What waits for the disk to be answered is held for the client, and so is limited as well."""
    server = Server(folder + "/data", "--mqtt-memory", "16M", "--journal-batch-floor", "1s")
    with Flood(server, "SUBSCRIBE without end while the disk is slow", 40 * MIB, served_s=4) as flood:
        for kind, end in ((SUBSCRIBE, b"\0"), (UNSUBSCRIBE, b"")):
            clients = [Raw(server, client_id=f"hasty{i}", keep_alive_s=0) for i in range(4)]
            pump([raw.socket for raw in clients], packet(kind, 2, b"\0\1" + text("s") + end) * 5000, 2, flood)
            close_all([raw.socket for raw in clients])
            wait_for("the memory to be given back", lambda: counter(server, "memory") < MIB)


def deep_filters(folder):
    """Filters of 128 levels cost much more than their bytes: that counts."""
    server = Server(folder + "/data", "--mqtt-memory", "32M")
    with Flood(server, "filters of 128 levels at mqtt.memory 32M", 48 * MIB) as flood:
        clients, codes = [Raw(server, 5, client_id=f"deep{i}", keep_alive_s=0) for i in range(5)], []
        for number, raw in enumerate(clients):
            codes += subscribe_all(raw, [f"{number}{i}/" + "/".join("a" * 127) for i in range(2000)])
            flood.look()
        expect(codes[0] == 0 and codes[-1] == 0x97, f"SUBACK of the first and the last: {codes[0]}, {codes[-1]}")
        Raw(server).close()  # there is room for others
        close_all([raw.socket for raw in clients])
        wait_for("the memory to be given back", lambda: counter(server, "memory") < MIB)


def a_storm_of_wildcards(folder):
    """Every mix of 'a' and '+' in 14 levels: a message to a/a/a... goes through all of them, whether
    they match in the end or not."""
    for end, count in (("", 4000), ("/end", 10000)):
        server = Server(folder + "/data" + str(count), "--readings-match", "bystander/#")
        what = f"16,384 filters that match one topic{' but for the last level' if end else ''}"
        with Flood(server, what, 32 * MIB) as flood:
            filters = ["/".join(levels) + end for levels in itertools.product("a+", repeat=14)]
            clients = [Raw(server, client_id=f"storm{i}", keep_alive_s=0) for i in range(4)]
            for i, raw in enumerate(clients):
                expect_equal(set(subscribe_all(raw, filters[i::4])), {0}, "SUBACK")
            publisher = Raw(server, client_id="stormer", keep_alive_s=0)
            publisher.send(publish_packet("/".join("a" * 14) + end[:-1], "{") * count)
            publisher.socket.settimeout(60 * SLOWER)
            publisher.ping()
            flood.look()
            if end:
                continue
            for raw in clients:
                for _ in range(count):
                    raw.take_publish()


# ---- what is kept ---------------------------------------------------------------------------------------

def a_flood_of_retained_messages(folder):
    """Up to mqtt.retained, cleared, and again."""
    server = Server(folder + "/data", "--mqtt-retained", "30000", "--readings-match", "bystander/#")
    with Flood(server, "30,000 retained messages, cleared, six times", 24 * MIB) as flood:
        after = []
        for turn in range(6):
            raw = Raw(server)
            for at in range(0, 40000, 2000):  # the last 10,000 are refused
                raw.send(b"".join(publish_packet(f"kept/{i // 100}/{i}", "{x", flags=1) for i in range(at, at + 2000)))
                raw.ping()
            wait_for("them to be kept", lambda: counter(server, "retained") == 30000)
            flood.look()
            for at in range(0, 30000, 2000):
                raw.send(b"".join(publish_packet(f"kept/{i // 100}/{i}", "", flags=1) for i in range(at, at + 2000)))
                raw.ping()
            wait_for("them to be cleared", lambda: counter(server, "retained") == 0)
            raw.close()
            after.append(resident(server))
        expect(after[5] - after[3] < 2 * MIB, f"after each turn {[value // 1024 for value in after]} KiB were held")
        expect_equal(counter(server, "stored_bytes"), 0, "bytes stored in the end")


def deep_retained_topics(folder):
    """Topics of 128 levels cost much more than their bytes: that counts."""
    server = Server(folder + "/data", "--mqtt-stored", "16M", "--readings-match", "bystander/#")
    with Flood(server, "retained topics of 128 levels at mqtt.stored 16M", 48 * MIB) as flood:
        raw = Raw(server)
        def publish_deep(payload, first):
            for at in range(first, 10000, 1000):
                topics = [f"{i}/" + "/".join("a" * 127) for i in range(at, min(at + 1000, 10000))]
                raw.send(b"".join(publish_packet(topic, payload, flags=1) for topic in topics))
                raw.ping()
                flood.look()

        publish_deep("{", 0)
        kept = counter(server, "retained")
        expect(0 < kept < 10000, f"{kept} of 10,000 were kept")
        publish_deep("", 1)  # all but one
        wait_for("them to be cleared", lambda: counter(server, "retained") == 1)
        publish_deep("{", 0)
        # How many go in with the last batches, before what they hold is counted, is chance.
        expect(counter(server, "retained") >= kept // 2,
               f"{counter(server, 'retained')} were kept the second time, {kept} the first")


def large_names_and_wills(folder):
    """Sessions with client ids of 60 KB, and wills of 60 KB with properties of 800 KB, that nobody
    comes back for: past mqtt.stored there are no more of them."""
    server = Server(folder + "/data", "--mqtt-stored", "16M", "--mqtt-memory", "32M")
    with Flood(server, "sessions with large names and wills at mqtt.stored 16M", 64 * MIB) as flood:
        refused = 0
        for i in range(1000):
            one = dial(server)
            one.sendall(connect_packet(4, f"{i:060000d}", clean=False))
            answer = one.recv(4)
            refused += answer == b"\x20\x02\x00\x03"
            one.close()
        flood.look()
        expect(0 < refused < 1000, f"{refused} of 1,000 sessions with names of 60 KB were refused")
        user = b"".join(b"\x26" + text("k") + text("v" * 60000) for _ in range(14))
        refused = 0
        for i in range(100):
            body = text("MQTT") + b"\x05\x06\x00\x3c\x05\x11\x00\x00\x0e\x10" + text(f"will{i}")
            body += varint(len(user) + 5) + b"\x18\x00\x00\x0e\x10" + user + text("will") + text("w" * 60000)
            one = dial(server)
            one.sendall(packet(CONNECT, 0, body))
            answer = one.recv(64)
            refused += answer[:1] == b"\x20" and answer[3] == 0x97
            one.close()
        expect(0 < refused <= 100, f"{refused} of 100 wills of 900 KB were refused")


def messages_for_absent_sessions(folder):
    server = Server(folder + "/data", "--readings-match", "bystander/#")
    with Flood(server, "100,000 messages queued for ten absent sessions", 32 * MIB) as flood:
        for i in range(10):
            raw = Raw(server, client_id=f"absent{i}", clean=False)
            expect_equal(raw.subscribe(("flood/#", 1)), [1], "SUBACK")
            raw.close()
        publisher = Raw(server)
        wait_for("them to be gone", lambda: counter(server, "clients") == 2)
        publish_and_wait(publisher, "flood/absent", 12000, flood)
        expect_about(counter(server, "dropped_queue"), 20000, "messages dropped above mqtt.queue")
        expect_equal(counter(server, "queued"), 100000, "messages queued")
        found = drain(Raw(server, client_id="absent3", clean=False))
        expect(found == list(range(10000)), f"one of them got {len(found)} messages when it came back, not the first 10,000")


def one_message_for_many_absent_sessions(folder):
    """A byte for each of a thousand queues is more than a byte: what the queues hold counts."""
    server = Server(folder + "/data", "--mqtt-stored", "8M", "--readings-match", "bystander/#")
    with Flood(server, "messages of one byte for 1,000 absent sessions at mqtt.stored 8M", 24 * MIB) as flood:
        sockets = dial_all(server, lambda i: connect_packet(4, f"many{i}", clean=False) +
                           subscribe_packet([("one", 1)]), 1000)
        take_all(sockets, 9)
        close_all(sockets)
        wait_for("them to be gone", lambda: counter(server, "clients") == 1)
        publisher, count = Raw(server, 5), 0
        while count < 1000 and publisher.publish("one", "{") == 0:
            count += 1
            flood.look()
        expect(50 < count < 500, f"{count} messages for 1,000 queues fitted into 8 MiB")
        expect_equal(counter(server, "queued"), count * 1000, "entries of all queues")


def many_subscribers_that_do_not_read(folder):
    """Each message lies there once, but each waits in 300 places: that counts."""
    server = Server(folder + "/data", "--mqtt-memory", "16M", "--readings-match", "bystander/#")
    with Flood(server, "300 clients that do not read at mqtt.memory 16M", 32 * MIB) as flood:
        slow = [slow_subscriber(server, 0, f"slow{i}", True) for i in range(300)]
        publisher, data = Raw(server), numbered("flood/all", 3000, size=2000)
        for at in range(0, len(data), MIB // 4):
            publisher.send(data[at:at + MIB // 4])
            flood.look()
        publisher.ping()
        wait_for("all to be served", lambda: counter(server, "in_flight") == 0)
        expect(counter(server, "dropped_slow") > 0, "nothing was dropped")
        expect(counter(server, "memory") <= 17 * MIB, f"{counter(server, 'memory')} bytes are counted")
        close_all([raw.socket for raw in slow])
        wait_for("the memory to be given back", lambda: counter(server, "memory") < MIB)


# ---- coming and going ----------------------------------------------------------------------------------

def everyone_comes_back_at_once(folder):
    """2,000 kept sessions after a kill: none waits for ever, and each finds its session."""
    need_files(FILES_WANTED)
    server, count = Server(folder + "/data"), 2000
    hello = [connect_packet(4, f"back-{i}", keep_alive_s=0, clean=False) for i in range(count)]
    sockets = dial_all(server, lambda i: hello[i] + subscribe_packet([(f"back/{i}", 1)]), count)
    expect_equal({answer[:4] for answer in take_all(sockets, 9)}, {b"\x20\x02\x00\x00"}, "the first CONNACK")
    server.kill()
    close_all(sockets)
    server = Server(folder + "/data")
    for hard in (False, True):  # after the kill, and again after all of them vanished at once
        with Flood(server, f"{count} sessions come back at once", 16 * MIB):
            sockets = dial_all(server, lambda i: hello[i], count)
            expect_equal(set(take_all(sockets, 4)), {b"\x20\x02\x01\x00"}, "CONNACK with session present")
            for one in sockets[::50]:
                one.sendall(PING)
            expect_equal(set(take_all(sockets[::50], 2)), {b"\xd0\x00"}, "their PINGRESP")
            close_all(sockets, hard)
        wait_for("them to be gone", lambda: counter(server, "clients") == 0)


def many_with_one_name(folder):
    """A storm of connections with the same client id: each takes over from the one before."""
    need_files(FILES_WANTED)
    server, count = Server(folder + "/data"), 2000
    for clean in (True, False):
        with Flood(server, f"{count} connections with one client id, {'clean' if clean else 'kept'}", 16 * MIB):
            sockets = dial_all(server, lambda i: connect_packet(4, "twin", keep_alive_s=0, clean=clean), count)
            last = sockets[-1]
            last.settimeout(20 * SLOWER)
            expect_equal(last.recv(2), b"\x20\x02", "CONNACK of the last one")
            last.recv(2)
            last.sendall(PING)
            expect_equal(last.recv(2), b"\xd0\x00", "PINGRESP of the last one")
            for answer in take_all(sockets[:-1], 64):
                expect(answer in (b"", b"\x20\x02\x00\x00", b"\x20\x02\x01\x00"), f"one before was told {answer!r}")
            close_all(sockets)
            wait_for("them to be gone", lambda: counter(server, "clients") == 1)


def wills_of_those_who_vanish(folder):
    server, count = Server(folder + "/data", "--readings-match", "bystander/#"), 3000
    with Flood(server, f"{count} clients vanish and leave wills", 16 * MIB):
        watcher = Raw(server, client_id="watcher")
        watcher.subscribe(("will/#", 0))
        for at in range(0, count, 500):
            def first(i, at=at):
                body = text("MQTT") + b"\x04\x0e\x00\x3c" + text(f"vanish{at + i}")
                return packet(CONNECT, 0, body + text(f"will/{(at + i) % 7}") + text(b"%08d" % (at + i)))
            sockets = dial_all(server, first, 500)
            take_all(sockets, 4)
            close_all(sockets, hard=True)
        expect_equal(sorted(drain(watcher)), list(range(count)), "the wills")
        expect_equal(counter(server, "sessions"), 0, "sessions that are left")


if __name__ == "__main__":
    play(ten_thousand_idle_connections, ten_thousand_connections_that_say_nothing, a_connect_that_never_ends,
         bytes_that_never_become_a_packet, giant_packets, a_subscriber_that_does_not_read_qos_0,
         a_subscriber_that_does_not_read_qos_1, answers_that_nobody_reads, a_flood_of_subscriptions,
         subscribes_faster_than_the_disk, deep_filters, a_storm_of_wildcards, a_flood_of_retained_messages,
         deep_retained_topics, large_names_and_wills, messages_for_absent_sessions,
         one_message_for_many_absent_sessions, many_subscribers_that_do_not_read,
         everyone_comes_back_at_once, many_with_one_name, wills_of_those_who_vanish)

"""Connections of the HTTP door: what they may cost, how they end, and that neither door keeps the other
waiting."""

import signal
import socket
import threading
import time

from house import PATIENCE_S, Raw, Server, expect, expect_equal, need_files, note, play, publish_packet, wait_for
from packets import SLOWER
from web_socket import CLOSE, TEXT, WebSocket


def dial(server, room=None):
    host, port = server.http.rsplit(":", 1)
    found = socket.socket()
    if room:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    found.settimeout(PATIENCE_S)
    found.connect((host, int(port)))
    return found


def ask(server, path):
    return f"GET {path} HTTP/1.1\r\nHost: {server.http}\r\n\r\n".encode()


def take(connection):
    """One answer with a Content-Length: its status."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        expect(more, f"the connection closed within {data!r}")
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split()[1])


def state(server):
    return server.control().ask(ask="state")


def at_the_end(connection):
    """true when the server closed, whatever came before."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


def idle_ones_hold_little(folder):
    need_files(4096)
    server = Server(folder + "/data")
    before = state(server)["memory_bytes"]
    connections = [dial(server) for _ in range(2000)]
    for connection in connections:
        connection.sendall(ask(server, "/healthz"))
    expect_equal({take(connection) for connection in connections}, {200}, "the answers")
    after = state(server)
    expect_equal(after["http"]["connections"], 2000, "connections")
    # A sanitizer keeps notes of its own on each byte.
    expect(after["memory_bytes"] - before < 2000 * 2048 * SLOWER, f"{after['memory_bytes'] - before} bytes for 2000 idle connections")
    note(f"{(after['memory_bytes'] - before) / 2000:.0f} bytes for an idle connection")
    for connection in connections:
        connection.close()
    wait_for("their end", lambda: state(server)["http"]["connections"] == 0)
    server.stop()


IMPATIENT = ("--http-body-time", "2s", "--http-idle-time", "2s", "--http-head-time", "2s")


def server_with_points(folder, *words):
    server = Server(folder + "/data", *IMPATIENT, *words)
    sender = Raw(server)
    for number in range(2000):
        sender.send(publish_packet(f"some/rather/long/path/of/points/{number}", str(number), 0))
    sender.ping()
    wait_for("the points", lambda: state(server)["points"]["count"] == 2000)
    return server, sender


def let_go(closed):
    """Those whose time was over: in the middle of their answers, or with the last of them unread."""
    return closed["slow"] + closed["silent"]


def ask_and_never_read(server):
    connection = dial(server, room=4096)
    try:
        connection.sendall(200 * ask(server, "/v1/points?limit=1000"))
    except OSError:
        pass  # it was let go already
    return connection


def who_does_not_read_is_let_go(folder):
    server, _ = server_with_points(folder)
    lazy = ask_and_never_read(server)
    wait_for("it to be too slow", lambda: let_go(state(server)["http"]["closed"]) == 1)
    wait_for("it to be gone", lambda: state(server)["http"]["connections"] == 0)
    lazy.close()
    server.stop()


def all_that_do_not_read_hold_no_more_than_http_memory(folder):
    server, other = server_with_points(folder, "--http-memory", "8M")
    lazy = [ask_and_never_read(server) for _ in range(60)]
    while state(server)["http"]["connections"]:
        expect(state(server)["memory"]["http"] <= 8 << 20, "http.memory is exceeded")
        other.ping()
        time.sleep(0.1)
    closed = state(server)["http"]["closed"]
    expect(closed["memory"] > 0 and closed["memory"] + let_go(closed) == 60, f"they were closed: {closed}")
    # What the next requests are read with is kept, for at most 64 at once.
    expect(state(server)["memory"]["http"] <= 64 << 16, "what was held for them is held still")
    for connection in lazy:
        connection.close()
    server.stop()


def a_head_must_be_whole_in_time(folder):
    server = Server(folder + "/data", "--http-head-time", "1s")
    began = time.monotonic()
    silent, slow = dial(server), dial(server)
    slow.sendall(b"GET / HTTP/1.1\r\n")
    slow.settimeout(0.1)
    answer = b""
    while not answer and time.monotonic() - began < PATIENCE_S:
        slow.sendall(b"X")  # each byte comes in time, the whole never does
        try:
            answer = slow.recv(65536)
        except socket.timeout:
            pass
    expect(answer.startswith(b"HTTP/1.1 408 "), f"{answer[:40]!r} came")
    expect(0.9 < time.monotonic() - began < 3 * SLOWER, f"after {time.monotonic() - began:.1f} s")
    at_the_end(silent)
    expect(time.monotonic() - began < 4 * SLOWER, "one that said nothing is there still")
    server.stop()


def the_end_of_the_server_is_told(folder):
    server = Server(folder + "/data")
    idle, viewer = dial(server), WebSocket(server.http, path="/v1/live", protocol=None)
    idle.sendall(ask(server, "/healthz"))
    expect_equal(take(idle), 200, "the answer")
    expect_equal((viewer.status, viewer.take().opcode), (101, TEXT), "the viewer's hello")
    began = time.monotonic()
    server.process.terminate()
    while True:
        found = viewer.take()
        expect(found is not None, "the connection closed without a close frame")
        if found.opcode == CLOSE:
            break
    expect_equal(found.code, 1001, "the code")
    expect_equal(idle.recv(100), b"", "what an idle connection hears")
    viewer.close()
    idle.close()
    expect_equal(server.stop(), 0, "the exit code")
    expect(time.monotonic() - began < 3 * SLOWER, "the end took long")


def neither_door_keeps_the_other_waiting(folder):
    """Requests without a pause on one side, messages without a pause on the other; each side's ping is
    answered soon."""
    server = Server(folder + "/data")
    sender = Raw(server)
    for number in range(1000):
        sender.send(publish_packet(f"p/{number}", "1", 0))
    sender.ping()
    wait_for("the points", lambda: state(server)["points"]["count"] == 1000)
    over, counts = threading.Event(), [0, 0]

    def requests():
        connection = dial(server)
        while not over.is_set():
            connection.sendall(20 * ask(server, "/v1/points?limit=200"))
            for _ in range(20):
                take_lengths(connection)
                counts[0] += 1

    def messages():
        client = Raw(server)
        batch = b"".join(publish_packet(f"p/{number}", "2", 0) for number in range(500))
        while not over.is_set():
            client.send(batch)
            client.ping()
            counts[1] += 500

    def take_lengths(connection, kept={}):
        data = kept.pop(connection, b"")
        while b"\r\n\r\n" not in data:
            data += connection.recv(1 << 20)
        head, body = data.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(1 << 20)
        kept[connection] = body[length:]

    threads = [threading.Thread(target=work, daemon=True) for work in (requests, requests, messages, messages)]
    for thread in threads:
        thread.start()
    longest, connection, client = [0, 0], dial(server), Raw(server)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        for side, what in enumerate((lambda: (connection.sendall(ask(server, "/healthz")), take(connection)), client.ping)):
            began = time.monotonic()
            what()
            longest[side] = max(longest[side], time.monotonic() - began)
    over.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    note(f"beside {counts[0]} lists of 200 points and {counts[1]} messages in 2 s: HTTP answered in {longest[0] * 1e3:.0f} ms "
         f"at most, MQTT in {longest[1] * 1e3:.0f} ms")
    expect(max(longest) < 1 * SLOWER, f"one of the doors kept the other waiting: {longest}")
    expect(min(counts) > 0, f"one of the floods stood still: {counts}")
    server.stop()


def who_asks_much_at_once_does_not_keep_others_waiting(folder):
    """Each of 8 always has requests under way that were sent before ours: it has its turns, and so have we."""
    server, _ = server_with_points(folder)
    much = ask(server, "/v1/tree?path=some/rather/long/path/of/points&limit=1000&values=true")
    over, taken = threading.Event(), [0]

    def flood():
        connection, left = dial(server), b""
        connection.settimeout(0.01)
        while not over.is_set():
            left = left or 50 * much
            try:
                left = left[connection.send(left):]
            except socket.timeout:
                pass
            except ConnectionError:
                break
            try:
                taken[0] += len(connection.recv(1 << 20))
            except socket.timeout:
                pass
            except ConnectionError:
                break
        connection.close()

    threads = [threading.Thread(target=flood, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    longest, connection = 0, dial(server)
    for _ in range(20):
        began = time.monotonic()
        connection.sendall(ask(server, "/healthz"))
        take(connection)
        longest = max(longest, time.monotonic() - began)
    over.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    note(f"beside {taken[0] >> 20} MiB of others' answers one waited {longest * 1e3:.0f} ms at most")
    expect(longest < 2 * SLOWER, f"an answer came after {longest:.1f} s")
    expect(taken[0] > 0, "the others got nothing")
    server.stop()


def commands_at_the_very_end(folder):
    """Whole only after SIGTERM, one by one until the server is gone: what was answered is kept, nothing falls."""
    server = Server(folder + "/data")
    connections, kept = [], []
    for number in range(25):
        body = b'{"command":"create","path":"late/%d"}' % number
        connections.append(dial(server))
        connections[-1].sendall(b"POST /v1/commands HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                                b"Content-Length: %d\r\n\r\n%s" % (server.http.encode(), len(body), body[:-1]))
    last = dial(server)
    last.sendall(ask(server, "/healthz"))
    expect_equal(take(last), 200, "the answer that says that all were read")
    server.process.send_signal(signal.SIGTERM)
    for number, connection in enumerate(connections):
        try:
            connection.sendall(b"}")
            connection.settimeout(0.01)
            kept += [number] if connection.recv(65536).startswith(b"HTTP/1.1 200 ") else []
        except (ConnectionError, socket.timeout):
            pass
    expect_equal(server.stop(), 0, "the exit code")
    server = Server(folder + "/data")
    connection = dial(server)
    for number in kept:
        connection.sendall(ask(server, f"/v1/points/late/{number}"))
        expect_equal(take(connection), 200, f"the answer to late/{number}, whose command was answered with 200")
    note(f"{len(kept)} of 25 commands were answered")
    server.stop()


if __name__ == "__main__":
    play(idle_ones_hold_little, who_does_not_read_is_let_go, all_that_do_not_read_hold_no_more_than_http_memory,
         a_head_must_be_whole_in_time, the_end_of_the_server_is_told, neither_door_keeps_the_other_waiting,
         who_asks_much_at_once_does_not_keep_others_waiting, commands_at_the_very_end)

"""What a hostile or broken client can do to the HTTP server, and must not get: another client's time,
another request's answer, memory without end, a header or file of its choice, or a command from a
page of another origin. Other clients are asked for meanwhile and must be answered in 100 ms.
"""

import gzip
import json
import os
import resource
import socket
import struct
import time

from house import PATIENCE_S, Server, connect_packet, expect, expect_equal, note, play, publish_packet, wait_for
from web import (BINARY, CLOSE, PING, PONG, TEXT, Bystander, Http, WebSocket, ask, frame, memory_of, raw_ask)

MIB = 1 << 20
# A sanitizer keeps what was freed for a while: there the bounds are looser.
BOUND = MIB if PATIENCE_S <= 30 else 12 * MIB
PATIENT_S = 0.1 if PATIENCE_S <= 30 else 1.0  # another client waits no longer; sanitizers are slower
HOST = b"Host: 127.0.0.1\r\n"


def metric(server, name):
    for line in ask(server, "GET", "/metrics").text().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise KeyError(name)


def memory_comes_back(server):
    """All connections are gone: what was held for them is given back, but for clients kept to be used again."""
    wait_for("the connections to be gone", lambda: metric(server, "mainstem_http_connections") <= 1)
    held = metric(server, "mainstem_http_memory_bytes")
    expect(held <= 64 * 65536 + 65536, f"{held} bytes are still held for nobody")


# ---- slow -----------------------------------------------------------------------------------------------

def slow_heads_are_cut_off(folder):
    server = Server(folder + "/data", "--http-head-time", "1s", "--http-idle-time", "3s")
    other = Bystander(server)
    slow = [Http(server) for _ in range(200)]
    began = time.monotonic()
    for http in slow:
        http.send(b"GET /healthz HTTP/1.1\r\n")
    while time.monotonic() - began < 0.8:  # a byte now and then earns nothing
        for http in slow:
            http.send(b"X")
        time.sleep(0.1)
    for http in slow:
        answer = http.take()
        expect_equal((answer.status, answer.code()), (408, "slow"), "the answer to a slow head")
        expect(http.is_closed(), "a slow connection is closed")
        http.close()
    took = time.monotonic() - began
    expect(0.9 < took < 3 + PATIENT_S * 10, f"slow heads were cut off after {took:.1f} s")
    with Http(server) as http:  # a connection that never says anything
        expect(http.is_closed(4), "who says nothing is closed without a word")
    with Http(server) as http:  # and one that was answered and then idles
        http.ask("GET", "/healthz")
        began = time.monotonic()
        expect(http.is_closed(8), "who idles is closed without a word")
        expect(2 < time.monotonic() - began < 6, f"closed after {time.monotonic() - began:.1f} s of idling")
    waited = other.stop(PATIENT_S)
    note(f"200 slow heads: cut off after {took:.1f} s, {waited}")


def slow_bodies_are_cut_off(folder):
    server = Server(folder + "/data", "--http-body-time", "1s")
    other = Bystander(server)
    slow = [Http(server) for _ in range(100)]
    for http in slow:
        http.send(b"POST /v1/samples HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
                  b"Content-Length: 1000000\r\n\r\n[")
    began = time.monotonic()
    while time.monotonic() - began < 0.8:
        for http in slow:
            http.send(b" ")
        time.sleep(0.1)
    for http in slow:
        expect_equal(http.take().code(), "slow", "the answer to a slow body")
        expect(http.is_closed(), "its connection is closed")
        http.close()
    took = time.monotonic() - began
    with Http(server) as http:  # slow, but 64 KiB within the time: that is no attack
        body = b'{"path":"slow/but/honest","value":1}'.ljust(256 << 10)
        http.send(http.request("POST", "/v1/samples", body)[:-len(body)])
        for at in range(0, len(body), 32 << 10):
            http.send(body[at:at + (32 << 10)])
            time.sleep(0.25)
        expect_equal(http.take().status, 200, "an honest slow body")
    waited = other.stop(PATIENT_S)
    note(f"100 slow bodies: cut off after {took:.1f} s, {waited}")


def slow_readers_hold_no_more_than_a_piece(folder):
    server = Server(folder + "/data", "--http-body-time", "2s")
    before, other = memory_of(server), Bystander(server)
    slow = []
    for _ in range(50):
        http = Http(server)
        http.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        http.socket.settimeout(0.2)
        try:
            for _ in range(200):
                http.send(http.request("GET", "/v1/openapi.json"))
        except socket.timeout:
            pass  # it is not read on, as it should be
        slow.append(http)
    time.sleep(1)
    grown = memory_of(server) - before
    expect(grown < 64 * BOUND, f"50 readers that do not read hold {grown // MIB} MiB")
    # They are not kept for ever: those that take nothing are ended.
    wait_for("those who do not read to be ended",
             lambda: metric(server, "mainstem_http_connections") <= 2, 10 + PATIENT_S * 50)
    for http in slow:
        http.close()
    waited = other.stop(PATIENT_S)
    memory_comes_back(server)
    note(f"50 slow readers of 200 answers each: {grown / MIB:.1f} MiB, {waited}")


# ---- smuggling ------------------------------------------------------------------------------------------

BEHIND = b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /v1/samples HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
# Each is followed by a request that must not be answered: bytes, status.
AMBIGUOUS = {
    "both lengths": (CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "both lengths, the other way": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]", 400),
    "the same length twice": (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n[]", 400),
    "a list of lengths": (POST + b"Content-Length: 2, 2\r\n\r\n[]", 400),
    "a length with a sign": (POST + b"Content-Length: +2\r\n\r\n[]", 400),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n[]", 400),
    "a hexadecimal length": (POST + b"Content-Length: 0x2\r\n\r\n[]", 400),
    "a length past 64 bits": (POST + b"Content-Length: 18446744073709551618\r\n\r\n[]", (400, 413)),
    "a space before the colon": (POST + b"Content-Length : 2\r\n\r\n[]", 400),
    "a folded line": (POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    "a folded first line": (b"GET /healthz HTTP/1.1\r\n X: 1\r\n" + HOST + b"\r\n", 400),
    "bare LF": (b"GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
    "bare LF once": (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\nX: 1\r\n\r\n", 400),
    "bare CR": (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\rY: b\r\n\r\n", 400),
    "NUL in a value": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400),
    "two hosts": (b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "two hosts that differ": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Host: evil.test\r\n\r\n", 400),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    "a host with a path": (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n", 400),
    "a host with a user": (b"GET /healthz HTTP/1.1\r\nHost: a@127.0.0.1\r\n\r\n", 400),
    "a coding that is not known": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked not last": (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked with a tab": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in HTTP/1.0": (b"POST /v1/samples HTTP/1.0\r\nContent-Type: application/json\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a chunk size with a sign": (CHUNKED + b"\r\n+2\r\n[]\r\n0\r\n\r\n", 400),
    "a chunk size with 0x": (CHUNKED + b"\r\n0x2\r\n[]\r\n0\r\n\r\n", 400),
    "a chunk size that wraps": (CHUNKED + b"\r\n10000000000000002\r\n[]\r\n0\r\n\r\n", 400),
    "a chunk without its end": (CHUNKED + b"\r\n2\r\n[]0\r\n\r\n", 400),
    "a chunk longer than said": (CHUNKED + b"\r\n2\r\n[  ]\r\n0\r\n\r\n", 400),
    "chunks with bare LF": (CHUNKED + b"\r\n2\n[]\n0\n\n", 400),
    "a chunk size with spaces": (CHUNKED + b"\r\n2 \r\n[]\r\n0\r\n\r\n", 400),
    "a trailer that is no field": (CHUNKED + b"\r\n2\r\n[]\r\n0\r\nGET / HTTP/1.1\r\n\r\n", 400),
    "two spaces in the first line": (b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tab in the first line": (b"GET\t/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "no version": (b"GET /healthz\r\n" + HOST + b"\r\n", 400),
    "a version that is not known": (b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "a method that is not known": (b"TRACE /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "CONNECT": (b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "an expectation that is not known": (POST + b"Expect: miracles\r\nContent-Length: 2\r\n\r\n[]", 417),
    "a coding of the body that is not known": (POST + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\n[]", 415),
    "a body that is no gzip": (POST + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]", 400),
    "a fragment": (b"GET /healthz#x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a byte above ASCII in the target": (b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n", 400),
    "an MQTT CONNECT": (b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02me\r\n\r\n", 400),
}
# Strange, and clear all the same: answered, and so is what follows.
CLEAR = {
    "an empty line before": (b"\r\nGET /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "the absolute form": (b"GET http://127.0.0.1/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "chunks with extensions and a trailer": (CHUNKED + b"\r\n2;a=\"b\"\r\n[]\r\n0\r\nX: 1\r\n\r\n", 422),
    "TE with another value": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"TE: trailers\r\n\r\n", 200),
    "Connection with a list": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: keep-alive, x\r\n\r\n", 200),
    "an upgrade to nothing known": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 200),
}


def ambiguous_requests_end_the_connection(folder):
    server = Server(folder + "/data")
    for name, (data, status) in AMBIGUOUS.items():
        for cut in (None, len(data) // 2):  # in one piece and in two
            with Http(server) as http:
                try:
                    if cut is None:
                        http.send(data + BEHIND)
                    else:
                        http.send(data[:cut])
                        time.sleep(0.002)
                        http.send(data[cut:] + BEHIND)
                except ConnectionError:
                    pass  # refused before all was sent
                answer = http.take()
                expect(answer is not None, f"{name}: closed without an answer")
                expect(answer.status in (status if isinstance(status, tuple) else (status,)), f"{name}: {answer}")
                expect_equal(answer.headers.get("connection"), "close", f"{name}: Connection")
                expect(http.is_closed(), f"{name}: what follows was answered: {http.pending[:200]!r}")
    for name, (data, status) in CLEAR.items():
        with Http(server) as http:
            http.send(data + BEHIND)
            expect_equal(http.take().status, status, name)
            expect_equal(http.take().status, 200, f"what follows {name}")
    # The absolute form counts, not Host (RFC 9112, 3.2.2): it names another server.
    answer = raw_ask(server, b"GET http://evil.test/healthz HTTP/1.1\r\n" + HOST + b"\r\n")
    expect_equal(answer.status, 421, "the absolute form of another host")
    answer = raw_ask(server, b"GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: evil.test\r\n\r\n")
    expect(answer.status in (200, 400, 421), f"an absolute form with another Host: {answer}")
    expect_equal(ask(server, "GET", "/healthz").status, 200, "it lives")
    note(f"{len(AMBIGUOUS)} ambiguous requests, none of what follows them was read")


def bodies_do_not_become_requests(folder):
    """A body that was refused is dropped with its connection, or read to its end."""
    server = Server(folder + "/data")
    for line, extra, status in ((b"POST /healthz", b"", 405), (b"POST /no/such", b"", 404), (b"GET /healthz", b"", 400),
                                (b"POST /v1/samples", b"Origin: http://evil.test\r\n", 403),
                                (b"POST /v1/points?x=1", b"", 400), (b"OPTIONS /healthz", b"", 204)):
        with Http(server) as http:
            http.send(line + b" HTTP/1.1\r\n" + HOST + extra + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                      % len(BEHIND) + BEHIND)
            answer = http.take()
            expect_equal(answer.status, status, f"{line} with a body: {answer}")
            expect(http.is_closed(), f"{line}: its body was answered as a request: {http.pending[:200]!r}")
            expect_equal(answer.headers.get("connection"), "close", f"{line}: a connection that closes says so")


# ---- oversized ------------------------------------------------------------------------------------------

def padded(size, line=b"GET /healthz HTTP/1.1\r\n"):
    """A head of exactly so many bytes, in lines of less than 8 KiB."""
    head, rest, number = line + HOST, size - len(line + HOST) - 2, 0
    while rest > 0:
        take = rest if rest <= 4000 else min(4000, rest - 20)
        name = b"X-%03d: " % number
        head += name + b"a" * (take - len(name) - 2) + b"\r\n"
        rest, number = rest - take, number + 1
    return head + b"\r\n"


def limits_of_a_head_at_both_sides(folder):
    server = Server(folder + "/data")

    def status_of(data):
        answer = raw_ask(server, data)
        return answer.status if answer else None

    def get(target, headers=b""):
        return b"GET " + target + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n"

    for what, within, beyond, status in (
            ("head of 16 KiB", padded(16384), padded(16385), 431),
            ("line of 8 KiB", get(b"/healthz", b"X: " + b"a" * 8189 + b"\r\n"), get(b"/healthz", b"X: " + b"a" * 8190 + b"\r\n"), 431),
            ("100 fields", get(b"/healthz", b"X: 1\r\n" * 99), get(b"/healthz", b"X: 1\r\n" * 100), 431)):
        expect_equal(len(padded(16384)), 16384, "the test's own head")
        expect_equal(status_of(within), 200, what)
        expect_equal(status_of(beyond), status, f"{what} and one more")
    longest = b"/" + b"a" * 8191
    expect_equal(status_of(get(longest)), 404, "a target of 8 KiB")
    expect_equal(status_of(get(longest + b"a")), 414, "a target of 8 KiB and one")
    expect_equal(status_of(get(b"/a" * 64)), 404, "64 segments")
    expect_equal(status_of(get(b"/a" * 65)), 414, "65 segments")
    expect_equal(status_of(get(b"/healthz", b"X: " + b"a" * 100000)), 431, "a line without an end")
    expect(status_of(b"A" * 100000) in (400, 414, 501), "no line at all")
    pattern = b"/".join([b"a" * 63] * 15 + [b"a" * 64])
    expect_equal(len(pattern), 1024, "the test's own pattern")
    expect_equal(raw_ask(server, get(b"/v1/points?match=" + pattern)).status, 200, "a pattern of 1,024 bytes")
    expect_equal(raw_ask(server, get(b"/v1/points?match=" + pattern + b"a")).status, 400, "a pattern of 1,025 bytes")


def limits_of_a_body_at_both_sides(folder):
    server = Server(folder + "/data", "--http-body", "64K")
    most = 65536

    def post(size, **options):
        return ask(server, "POST", "/v1/samples", b'{"path":"big","value":1}'.ljust(size), **options)

    expect_equal(post(most).status, 200, "a body of http.body")
    expect_equal((post(most + 1).status, post(most + 1).code()), (413, "body_long"), "one byte more")
    answer = raw_ask(server, POST + b"Content-Length: 99999999999999\r\n\r\n")
    expect_equal(answer.status, 413, "a length that is refused before the body")
    answer = raw_ask(server, POST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
    expect_equal(answer.status, 413, "the same, asked for first")
    def chunks(size):
        body = b'{"path":"big","value":1}'.ljust(size)
        return CHUNKED + b"\r\n" + b"".join(
            b"%x\r\n%s\r\n" % (len(body[at:at + 1000]), body[at:at + 1000]) for at in range(0, size, 1000)) + b"0\r\n\r\n"
    expect_equal(raw_ask(server, chunks(most)).status, 200, "chunks of http.body")
    expect_equal(raw_ask(server, chunks(most + 1)).status, 413, "one byte more in chunks")
    def inflated(size):
        return post_gzip(server, gzip.compress(b'{"path":"big","value":1}'.ljust(size)))
    expect_equal(inflated(4 * most).status, 200, "gzip of four times that")
    expect_equal(inflated(4 * most + 1).status, 413, "one byte more")
    began, before = time.monotonic(), memory_of(server)
    expect_equal(post_gzip(server, gzip.compress(bytes(60 * MIB), 9)).status, 413, "a gzip bomb")
    expect(memory_of(server) - before < 4 * BOUND, "a gzip bomb is not inflated")
    expect(time.monotonic() - began < 5, "nor does it take long")
    expect_equal(raw_ask(server, CHUNKED + b"\r\n2;" + b"a" * 2000 + b"\r\n[]\r\n0\r\n\r\n").status, 400, "a chunk's long line")
    extensions = (b"1;" + b"a" * 1000 + b"\r\n \r\n") * 20
    expect(raw_ask(server, CHUNKED + b"\r\n" + extensions + b"0\r\n\r\n").status in (400, 413, 431), "chunk extensions without end")
    expect_equal(raw_ask(server, CHUNKED + b"\r\n2\r\n[]\r\n0\r\n" + b"X: " + b"a" * 9000 + b"\r\n\r\n").status, 431, "a long trailer")
    memory_comes_back(server)


def post_gzip(server, body):
    return ask(server, "POST", "/v1/samples", body, headers=[("Content-Encoding", "gzip")])


def deep_and_odd_json_is_refused(folder):
    server = Server(folder + "/data")
    with Http(server) as http:
        for name, body in (
                ("deep arrays", "[" * 100000), ("deep objects", '{"a":' * 50000), ("deep, closed", "[" * 5000 + "]" * 5000),
                ("a member twice", '{"path":"a","path":"b","value":1}'), ("NaN", '{"path":"a","value":NaN}'),
                ("a lone surrogate", '{"path":"\\ud800","value":1}'), ("no UTF-8", b'{"path":"\xff","value":1}'),
                ("a huge number", '{"path":"a","value":1e999}'), ("many digits", '{"path":"a","value":' + "1" * 5000 + "}"),
                ("a path with NUL", '{"path":"a\\u0000b","value":1}'), ("a byte order mark", b'\xef\xbb\xbf{"path":"a","value":1}'),
                ("two values", '{"path":"a","value":1}{"path":"b","value":1}'), ("nothing", ""), ("spaces", "   ")):
            for target in ("/v1/samples", "/v1/points", "/v1/commands", "/v1/topics/dry-run"):
                answer = http.ask("POST", target, body)
                expect(answer.status in (400, 413, 422), f"{name} to {target}: {answer}")
                answer.code()
    expect_equal(ask(server, "GET", "/v1/points").json()["points"], [], "points after that")


# ---- paths and echoes -----------------------------------------------------------------------------------

def no_path_leads_to_a_file(folder):
    server = Server(folder + "/data")
    for target in ("/../etc/passwd", "/%2e%2e/etc/passwd", "/..%2fetc/passwd", "/assets/../../etc/passwd",
                   "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/..%5c..%5cetc%5cpasswd", "/assets/....//etc/passwd",
                   "/assets/%252e%252e/etc/passwd", "//etc/passwd", "/%2Fetc/passwd", "/assets//etc/passwd",
                   "/assets/%00", "/index.html%00.js", "/assets/%c0%ae%c0%ae/etc/passwd", "/.", "/..", "/./",
                   "/v1/points/../state", "/v1/points/%2e%2e/state", "/v1/points/..%2f..%2fhealthz", "/file:///etc/passwd",
                   "/assets/", "/assets", "/proc/self/environ", "/control.sock", "/%", "/%4", "/%zz", "/%ff", "/a%0d%0aX:1"):
        with Http(server) as http:
            http.send(b"GET " + target.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            answer = http.take()
            expect(answer.status in (400, 404), f"{target}: {answer}")
            expect(b"root:" not in answer.body, f"{target} gives a file")
            answer.code()


KNOWN_FIELDS = {"date", "content-type", "content-length", "connection", "x-content-type-options", "location", "allow",
                "cross-origin-resource-policy", "content-security-policy", "cache-control", "vary", "content-encoding",
                "retry-after", "referrer-policy", "idempotency-replayed", "sec-websocket-accept", "upgrade",
                "sec-websocket-version", "sec-websocket-protocol", "transfer-encoding", "etag"}


def nothing_is_injected_into_an_answer(folder):
    server = Server(folder + "/data")
    evil = "a%0d%0aSet-Cookie:%20x=1%0d%0a%0d%0a%3Cscript%3Ealert(1)%3C/script%3E"

    def harmless(answer, what):
        expect(answer is not None, f"{what}: no answer")
        for name, value in answer.fields:
            expect(name.lower() in KNOWN_FIELDS, f"{what}: the field {name}: {value}")
            expect("Set-Cookie" not in value and "<script" not in value, f"{what}: {name}: {value}")
        if answer.status == 101:
            return
        expect_equal(answer.headers["x-content-type-options"], "nosniff", f"{what}: X-Content-Type-Options")
        expect("default-src" in answer.headers["content-security-policy"], f"{what}: a policy")
        expect("unsafe" not in answer.headers["content-security-policy"], f"{what}: a strict one")
        expect("access-control-allow-origin" not in answer.headers, f"{what}: CORS")
        if answer.media() == "text/html":
            expect(b"<script>alert" not in answer.body, f"{what}: the page holds a script")

    with Http(server) as http:
        for target in (f"/v1/points/{evil}", f"/v1/points?match={evil}", f"/v1/points?{evil}=1", f"/{evil}",
                       f"/v1/tree?path={evil}", f"/v1/clients?match={evil}", f"/v1/topics?contains={evil}",
                       f"/v1/retained?match={evil}", f"/docs?{evil}"):
            harmless(http.ask("GET", target), target)
        for path in ("a/b\u00e9", "a/%0d%0aX: 1", "a/\u2028b", "a b/c?d#e", "\u6c34\u4f4d/" + "\u6c34" * 40, 'a/"<b>'):
            answer = http.ask("POST", "/v1/points", json.dumps({"path": path}))
            expect(answer.status in (201, 422), f"create {path}: {answer}")
            harmless(answer, f"create {path}")
            if "location" in answer.headers:
                found = http.ask("GET", answer.headers["location"])
                expect_equal(found.json()["path"], path, "the point at Location")
        answer = http.ask("POST", "/v1/points", json.dumps({"path": "a/\r\nX: 1"}))
        expect_equal(answer.status, 422, "a path with a line's end")
        harmless(answer, "a path with a line's end")
        answer = http.ask("POST", "/v1/points", '{"path":"k"}', headers=[("Idempotency-Key", "\u00e9\t")])
        harmless(answer, "an odd key")
    answer = raw_ask(server, b"GET /<script>alert(1)</script> HTTP/1.1\r\n" + HOST + b"\r\n")
    expect_equal(answer.status, 400, "a target with markup that is not encoded")
    harmless(answer, "a target with markup")
    # What is echoed in the page of the routes is the host that was asked: a host cannot hold markup.
    for host in ("127.0.0.1:1<script>", "<script>", "'; echo", "localhost:80\"onload=1"):
        answer = raw_ask(server, b"GET /docs HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n")
        expect(answer.status in (400, 421), f"the host {host}: {answer.status}")
        harmless(answer, host)
    live = WebSocket(server, "/mqtt", protocol="mqtt, x\tSet-Cookie")
    harmless(live.answer, "an odd subprotocol")
    live.close()


# ---- whose request it is --------------------------------------------------------------------------------

def other_origins_can_neither_ask_nor_read(folder):
    server = Server(folder + "/data", "--http-hosts", "mainstem.test plant.test")
    port = server.http.rsplit(":", 1)[1]
    sample = '{"path":"foreign","value":1}'

    def status(method, target, body=None, host=None, media="application/json", **headers):
        fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return ask(server, method, target, body, media=media, headers=fields, host=host).status

    for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"LOCALHOST:{port}", "[::1]", "10.1.2.3:80",
                 "mainstem.test", "PLANT.test:8080", socket.gethostname()):
        expect_equal(status("GET", "/v1/state", host=host), 200, f"Host {host}")
    for host in ("evil.test", f"evil.test:{port}", "localhost.evil.test", "127.0.0.1.evil.test", "mainstem.test.evil.test",
                 "xmainstem.test", "mainstem", "localhost.", "0x7f000001", "test"):
        expect_equal(status("GET", "/v1/state", host=host), 421, f"Host {host}")
        expect_equal(status("POST", "/v1/samples", sample, host=host), 421, f"POST with Host {host}")
    ours = f"http://{server.http}"
    for origin in (ours, ours.upper().replace("HTTP", "http")):
        expect_equal(status("POST", "/v1/samples", sample, Origin=origin), 200, f"Origin {origin}")
    for origin in ("http://evil.test", "null", "http://127.0.0.1", "http://127.0.0.1:1", f"http://localhost:{port}", "file://",
                   ours + ".evil.test", ours + "/", "", "evil", f"http://evil.test {ours}", "https://127.0.0.1"):
        expect_equal(status("POST", "/v1/samples", sample, Origin=origin), 403, f"POST with Origin {origin!r}")
        expect_equal(status("GET", "/v1/state", Origin=origin), 403, f"GET with Origin {origin!r}")
        for target, protocol in (("/v1/live", None), ("/mqtt", "mqtt")):
            live = WebSocket(server, target, protocol, headers=[("Origin", origin)])
            expect_equal(live.answer.status, 403, f"WebSocket {target} with Origin {origin!r}")
            live.close()
    live = WebSocket(server, headers=[("Origin", ours)])
    expect_equal(live.answer.status, 101, "a WebSocket of our own page")
    live.close()
    for site in ("cross-site", "same-site", "nonsense"):
        expect_equal(status("POST", "/v1/samples", sample, Sec_Fetch_Site=site), 403, f"Sec-Fetch-Site {site}")
        expect_equal(status("GET", "/v1/state", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors", Sec_Fetch_Dest="script"), 403,
                     f"a script element of {site}")
    expect_equal(status("GET", "/docs", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document"), 200,
                 "a link of another site")
    expect_equal(status("GET", "/docs", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="iframe"), 403,
                 "a frame of another site")
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain;application/json",
                  "", None, "application/jsonx", "application/ json"):
        expect_equal(status("POST", "/v1/samples", sample, media=media), 415, f"Content-Type {media!r}")
    for media in ("application/json", "Application/JSON;charset=utf-8", "application/x-ndjson"):
        expect_equal(status("POST", "/v1/samples", sample, media=media), 200, f"Content-Type {media!r}")
    answer = ask(server, "OPTIONS", "/v1/samples", headers=[("Access-Control-Request-Method", "POST")])
    expect(not [name for name in answer.headers if name.startswith("access-control")], f"CORS: {answer.fields}")


# ---- many -----------------------------------------------------------------------------------------------

def thousands_of_connections_cost_others_nothing(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    server = Server(folder + "/data")
    ask(server, "GET", "/healthz")
    before, other = memory_of(server), Bystander(server)
    idle = []
    for _ in range(1000):
        idle.append(Http(server))
    for http in idle:
        http.ask("GET", "/healthz")
    grown_idle = memory_of(server) - before
    expect(grown_idle < 12 * BOUND, f"1,000 idle connections hold {grown_idle // 1024} KiB")
    half = [Http(server) for _ in range(1000)]
    for http in half:
        http.send(b"GET /healthz HTTP/1.1\r\nX-")
    wait_for("2,000 connections", lambda: metric(server, "mainstem_http_connections") >= 2000)
    grown = memory_of(server) - before
    expect(grown < 96 * BOUND, f"1,000 half heads hold {grown // MIB} MiB")
    for http in half:
        http.send(b"Y: 1\r\n" + HOST + b"\r\n")
    for http in half:
        expect_equal(http.take().status, 200, "the answer to a head that became whole")
    waited = other.stop(PATIENT_S)
    for http in idle + half:
        http.close()
    memory_comes_back(server)
    note(f"1,000 idle connections: {grown_idle / 1024 / 1000:.2f} KiB each; 1,000 half heads: "
         f"{(grown - grown_idle) / 1024 / 1000:.1f} KiB each; {waited}")


def connections_past_the_limit_are_turned_away(folder):
    server = Server(folder + "/data", "--http-connections", "20")
    held = [Http(server) for _ in range(20)]
    for http in held:
        expect_equal(http.ask("GET", "/healthz").status, 200, "a connection within the limit")
    with Http(server) as http:
        try:
            http.send(http.request("GET", "/healthz"))
            answer = http.take()
        except ConnectionError:
            answer = None
        expect(answer is None or answer.status == 503, f"a connection past the limit: {answer}")
    expect_equal(held[0].ask("GET", "/healthz").status, 200, "those within the limit go on")
    for http in held:
        http.close()
    wait_for("room for another", lambda: 200 == (raw_ask(server, b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n") or Nothing).status)


class Nothing:
    status = None


def pipelined_requests_are_answered_in_order(folder):
    server = Server(folder + "/data")
    expect_equal(ask(server, "POST", "/v1/samples",
                     json.dumps([{"path": f"pipe/p{n}", "value": n} for n in range(1000)])).json()["taken"], 1000, "samples")
    with Http(server) as http:
        http.send(b"".join(http.request("GET", f"/v1/points/pipe/p{n}") for n in range(1000)))
        for n in range(1000):
            expect_equal(http.take().json()["path"], f"pipe/p{n}", f"answer {n}")
        # Writes wait for the disk, reads do not: the order holds all the same.
        mixed = b""
        for n in range(200):
            mixed += http.request("POST", "/v1/samples", json.dumps({"path": "pipe/last", "value": n}))
            mixed += http.request("GET", "/v1/points/pipe/last")
        http.send(mixed)
        for n in range(200):
            expect_equal(http.take().json()["taken"], 1, f"sample {n}")
            expect_equal(http.take().json()["value"], n, f"what was written before request {n} is read by it")
        http.send(b"".join(http.request("HEAD" if n % 2 else "GET", "/healthz") for n in range(1000)))
        for n in range(1000):
            expect_equal(http.take(head_only=n % 2 == 1).status, 200, f"HEAD and GET {n}")


def a_write_that_waits_does_not_hold_others(folder):
    """While one connection's bulk of commands is carried out, others are answered."""
    server = Server(folder + "/data")
    other = Bystander(server)
    body = "".join(f'{{"command":"create","path":"bulk/p{n}"}}\n' for n in range(20000))
    answer = ask(server, "POST", "/v1/commands", body, media="application/x-ndjson")
    lines = answer.text().splitlines()
    expect_equal(len(lines), 20000, "lines of the answer")
    expect_equal([json.loads(line)["index"] for line in lines], list(range(20000)), "their order")
    waited = other.stop(PATIENT_S)
    note(f"20,000 commands in one body: {waited}")


def connections_close_as_was_said(folder):
    server = Server(folder + "/data")
    cases = (
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", True),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: x, Close\r\n\r\n", True),
        (b"GET /healthz HTTP/1.0\r\n" + HOST + b"\r\n", True),
        (b"GET /healthz HTTP/1.0\r\n\r\n", True),
        (b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False),
        (b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n", False))
    for data, closes in cases:
        with Http(server) as http:
            http.send(data)
            answer = http.take()
            expect_equal((answer.status, answer.version), (200, "HTTP/1.1"), f"{data}")
            if closes:
                expect_equal(answer.headers.get("connection"), "close", f"{data}: Connection")
                expect(http.is_closed(), f"{data}: it closes")
            else:
                http.send(data)
                expect_equal(http.take().status, 200, f"{data} again")
    with Http(server) as http:  # the client says that it sends no more, and still reads
        http.send(http.request("GET", "/healthz") * 3)
        http.socket.shutdown(socket.SHUT_WR)
        for _ in range(3):
            expect_equal(http.take().status, 200, "answers to who sends no more")
        expect(http.is_closed(), "then it closes")
    for n in range(20):  # the same, while the answer waits for the disk
        with Http(server) as http:
            http.send(http.request("POST", "/v1/samples", '{"path":"half/closed","value":%d}' % n))
            http.socket.shutdown(socket.SHUT_WR)
            expect_equal(http.take().json()["taken"], 1, "the answer to who sends no more, from the disk")
            expect(http.is_closed(), "then it closes")
    with Http(server) as http:  # a large answer to HTTP/1.0, and SSE, which has no length
        http.send(b"GET /v1/openapi.json HTTP/1.0\r\n\r\n")
        expect(len(http.take().body) > 10000, "a large answer")
    with Http(server) as http:
        http.send(b"GET /v1/events?match=%23 HTTP/1.0\r\n\r\n")
        head = http.take_until(b"\r\n\r\n")
        expect(b"Transfer-Encoding" not in head and b"close" in head, f"SSE in HTTP/1.0: {head}")


def a_slow_reader_gets_the_whole_of_its_last_answer(folder):
    """A large answer on a connection that closes after it, to a client that takes its time."""
    server = Server(folder + "/data", "--http-body-time", "3s")
    body = "".join(f'{{"command":"create","path":"last/p{n}"}}\n' for n in range(80000))
    for closes in (True, False):
        with Http(server) as http:
            http.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            http.send(http.request("POST", "/v1/commands", body, "application/x-ndjson",
                                   [("Connection", "close")] if closes else []))
            head = http.take_until(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            expect(size > 8 * MIB, f"an answer of {size} bytes is too small for this")
            taken, began = len(http.pending), time.monotonic()
            while taken < size:
                http.pending = b""
                expect(http.fill(), f"closed after {taken} of {size} bytes and {time.monotonic() - began:.1f} s")
                taken += len(http.pending)
                time.sleep(5 * len(http.pending) / size)


def continue_is_said_when_the_body_is_wanted(folder):
    server = Server(folder + "/data")
    with Http(server) as http:
        body = b'{"path":"a","value":1}'
        for _ in range(3):
            http.send(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
            expect_equal(http.take(seconds=5).status, 100, "what is said before the body")
            http.send(body)
            expect_equal(http.take().status, 200, "the answer")
        http.send(b"POST /no/such HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nExpect: 100-continue\r\n"
                  b"Content-Length: 10\r\n\r\n")
        expect_equal(http.take(seconds=5).status, 404, "a body that nobody wants is not waited for")
        expect(http.is_closed(), "the connection ends, for nobody knows whether the body comes")


def an_early_refusal_is_read_whole(folder):
    """A large body that is refused by its head: the answer must reach a client that sends it all before it
    reads, and is not lost to a reset."""
    server = Server(folder + "/data", "--http-body", "1M")
    for size in (200 << 10, 5 * MIB):
        for line in (b"POST /v1/samples", b"POST /no/such"):
            with Http(server) as http:
                data = line + b" HTTP/1.1\r\n" + HOST + b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % size
                try:
                    http.send(data + bytes(size))
                except ConnectionError:
                    pass
                time.sleep(0.05)
                answer = http.take()
                expect(answer is not None, f"{line} with {size} bytes: the answer was lost")
                expect(answer.status in (404, 413, 415), f"{line} with {size} bytes: {answer}")


def clients_that_vanish_leave_nothing(folder):
    server = Server(folder + "/data")
    before = memory_of(server)
    for n in range(300):
        http = Http(server)
        try:
            if n % 6 == 0:
                http.send(http.request("GET", "/v1/openapi.json") * 20)
            elif n % 6 == 1:
                http.send(http.request("POST", "/v1/samples", '{"path":"gone","value":1}'))
            elif n % 6 == 2:
                http.send(http.request("POST", "/v1/commands", '{"command":"create","path":"gone/%d"}' % n))
            elif n % 6 == 3:
                http.send(http.request("POST", "/v1/samples", b" " * 100000)[:-50000])
            elif n % 6 == 4:
                http.send(http.request("GET", "/v1/events?match=%23"))
            else:
                http.send(http.request("GET", "/v1/points?whole=true")[:-1])
        except ConnectionError:
            pass
        if n % 2:  # a reset instead of an end
            http.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        http.close()
    memory_comes_back(server)
    expect(memory_of(server) - before < 24 * BOUND, "memory after 300 clients that vanished")
    expect_equal(ask(server, "GET", "/healthz").status, 200, "it lives")


def memory_has_a_limit_and_comes_back(folder):
    server = Server(folder + "/data", "--http-memory", "4M", "--http-body", "1M", "--http-body-time", "30s")
    before, refused, waiting = memory_of(server), 0, []
    for _ in range(40):
        http = Http(server)
        http.socket.settimeout(1)
        try:
            http.send(http.request("POST", "/v1/samples", b" " * MIB)[:-1000])
        except (ConnectionError, socket.timeout):
            pass
        waiting.append(http)
    time.sleep(0.5)
    grown = memory_of(server) - before
    expect(grown < 24 * BOUND, f"40 bodies of 1 MiB at http.memory 4M hold {grown // MIB} MiB")
    for http in waiting:
        http.socket.settimeout(0.05)
        try:
            refused += b" 503 " in http.socket.recv(64)
        except OSError:
            pass
    expect(refused > 0, "nobody was told that there is no memory")
    for http in waiting:
        http.close()
    memory_comes_back(server)
    expect_equal(ask(server, "POST", "/v1/samples", '{"path":"a","value":1}').status, 200, "a body after that")
    note(f"40 bodies of 1 MiB at http.memory 4M: {grown / MIB:.1f} MiB, {refused} were told 503")


# ---- WebSocket ------------------------------------------------------------------------------------------

def protocol_faults_of_a_websocket_close_it(folder):
    server = Server(folder + "/data")
    half = '{"op":"pace",'
    for name, data, code in (
            ("a frame without a mask", frame(TEXT, "{}", masked=False), 1002),
            ("a reserved bit", frame(TEXT, "{}", reserved=4), 1002),
            ("a reserved opcode", frame(3, "x"), 1002),
            ("a reserved control opcode", frame(11, "x"), 1002),
            ("a fragmented ping", frame(PING, "x", final=False), 1002),
            ("a ping of 126 bytes", frame(PING, "x" * 126), 1002),
            ("a continuation of nothing", frame(0, "x"), 1002),
            ("a new message within another", frame(TEXT, half, final=False) + frame(TEXT, "x"), 1002),
            ("a close of one byte", frame(CLOSE, b"\x03"), 1002),
            ("a close code that must not be sent", frame(CLOSE, struct.pack(">H", 1005)), 1002),
            ("a close reason that is no UTF-8", frame(CLOSE, struct.pack(">H", 1000) + b"\xff"), 1007),
            ("text that is no UTF-8", frame(TEXT, b"\xff\xfe"), 1007),
            ("text that ends within a character", frame(TEXT, b'"\xe6\xb0'), 1007),
            ("a message of 64 KiB and one", frame(TEXT, b" " * 65537), 1009),
            ("fragments of 64 KiB and one", frame(TEXT, b" " * 60000, final=False) + frame(0, b" " * 5537), 1009),
            ("a length of 2^62", frame(TEXT, b" " * 10, length=1 << 62), 1009),
            ("a length of 2^63", frame(TEXT, b" " * 10, length=1 << 63), 1002)):
        live = WebSocket(server)
        live.hear("hello")
        live.send(data)
        found = live.close_code()
        expect(found in ((code, 1009) if code == 1002 and "length" in name else (code,)), f"{name}: close code {found}")
        expect(live.is_closed(), f"{name}: the connection ends")
        live.close()
    live = WebSocket(server)
    live.hear("hello")
    live.send(frame(PING, b"x" * 125))
    expect_equal(live.take_frame(), (PONG, b"x" * 125), "the answer to a ping of 125 bytes")
    live.send(frame(TEXT, half, final=False) + frame(PING, b"within") + frame(0, '"ms":0}'))
    expect_equal(live.take_frame(), (PONG, b"within"), "the answer to a ping within a message")
    live.send(frame(TEXT, json.dumps({"op": "nothing"}).ljust(65536)))
    expect_equal(live.hear()["code"], "op", "the answer to a message of 64 KiB")
    live.send(frame(BINARY, '{"op":"pace","ms":0}') + frame(PONG, b"not asked for") + frame(CLOSE, struct.pack(">H", 1000)))
    expect_equal(live.close_code(), 1000, "the answer to a close")
    expect(live.is_closed(), "the connection ends")
    for name, headers, status in (
            ("no key", {"Sec-WebSocket-Key": None}, 400), ("a short key", {"Sec-WebSocket-Key": "AAAA"}, 400),
            ("version 8", {"Sec-WebSocket-Version": "8"}, 426), ("no upgrade", {"Upgrade": None}, 426)):
        fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers}
        answer = ask(server, "GET", "/v1/live", headers=[(k, v) for k, v in fields.items() if v is not None])
        expect_equal(answer.status, status, f"a handshake with {name}: {answer}")
    memory_comes_back(server)


def protocol_faults_of_mqtt_over_websocket_close_it(folder):
    """MQTT 5, 6: binary frames only, packets need not align with them."""
    server = Server(folder + "/data", "--mqtt-packet", "64K", "--mqtt-connect-time", "1s")
    for name, data in (("a text frame", frame(TEXT, connect_packet(5, "t"))), ("no mask", frame(BINARY, b"\x10", masked=False)),
                       ("a reserved bit", frame(BINARY, b"\x10", reserved=2)), ("a fragmented ping", frame(PING, b"", final=False)),
                       ("a close", frame(CLOSE, struct.pack(">H", 1000))), ("no CONNECT", frame(BINARY, b"\xc0\x00")),
                       ("no MQTT", frame(BINARY, b"GET / HTTP/1.1\r\n\r\n")),
                       ("a packet that is too long", frame(BINARY, b"\x10\xff\xff\xff\x7f" + b"x" * 1000)),
                       ("a frame without an end", frame(BINARY, b"", length=1 << 62))):
        mqtt = WebSocket(server, "/mqtt", protocol="mqtt")
        expect_equal(mqtt.answer.status, 101, "the handshake")
        mqtt.send(data)
        mqtt.close_code()
        expect(mqtt.is_closed(), f"{name}: the connection ends")
        mqtt.close()
    mqtt = WebSocket(server, "/mqtt", protocol="mqtt")
    packet = connect_packet(5, "pieces")
    for byte in packet[:-1]:  # each byte a frame, with empty ones and pings between
        mqtt.send(frame(BINARY, bytes([byte])) + frame(BINARY, b"") + frame(PING, b"x"))
    mqtt.send(frame(BINARY, packet[-1:] + publish_packet("ws/a", "1", 1, 1, 5) + publish_packet("ws/b", "2", 1, 2, 5)))
    heard = b""
    while heard.count(b"\x40") < 2:
        opcode, payload = mqtt.take_frame()
        expect(opcode in (BINARY, PONG), f"a frame of kind {opcode}")
        heard += payload if opcode == BINARY else b""
    expect_equal(heard[0] >> 4, 2, "CONNACK comes first")
    wait_for("what came by WebSocket", lambda: ask(server, "GET", "/v1/points/ws/b").status == 200)
    mqtt.close()
    for protocol, status in ((None, 400), ("chat", 400), ("chat, mqtt", 101)):
        other = WebSocket(server, "/mqtt", protocol=protocol)
        expect_equal(other.answer.status, status, f"/mqtt with the subprotocol {protocol}")
        other.close()
    memory_comes_back(server)


def messages_of_viewers_are_checked(folder):
    server = Server(folder + "/data")
    live = WebSocket(server)
    live.hear("hello")
    for message in ("", "x", "[]", "7", '"a"', "{}", '{"op":7}', '{"op":"subscribe"}', '{"op":"subscribe","id":"a","match":"#"}',
                    '{"op":"subscribe","id":1}', '{"op":"subscribe","id":1,"match":7}', '{"op":"subscribe","id":1,"match":[]}',
                    '{"op":"subscribe","id":1,"match":"a//b"}', '{"op":"subscribe","id":1,"match":"a/#/b"}',
                    '{"op":"subscribe","id":1,"match":"' + "a" * 1025 + '"}', '{"op":"subscribe","id":1,"match":[7]}',
                    '{"op":"subscribe","id":1e99,"match":"#"}', '{"op":"unsubscribe","id":7}', '{"op":"unsubscribe"}',
                    '{"op":"pace","ms":-1}', '{"op":"pace","ms":60001}', '{"op":"pace"}', '{"op":"pace","ms":1.5}',
                    '{"op":"resume","session":"x","seq":1}', "[" * 30000, '{"op":' * 9000):
        live.send(frame(TEXT, message))
        answer = live.hear()
        expect_equal(answer["op"], "error", f"the answer to {message[:80]}")
        expect(answer["code"] and answer["detail"], f"the answer to {message[:80]}: {answer}")
    live.tell(op="subscribe", id=1, match="#")
    expect_equal(live.hear()["op"], "snapshot", "it goes on")
    live.close()


def limits_of_viewers_at_both_sides(folder):
    server = Server(folder + "/data", "--http-viewers", "5", "--http-live-points", "100", "--http-live-keep", "0s")
    ask(server, "POST", "/v1/samples", json.dumps([{"path": f"v/{n // 101}/p{n}", "value": n} for n in range(202)]))
    wait_for("the tree", lambda: ask(server, "GET", "/v1/tree?path=v").status == 200
             and ask(server, "GET", "/v1/points").json()["entered"] == 1)
    viewers = [WebSocket(server) for _ in range(5)]
    for viewer in viewers:
        expect_equal(viewer.answer.status, 101, "a viewer within http.viewers")
        viewer.hear("hello")
    beyond = WebSocket(server)
    expect_equal((beyond.answer.status, beyond.answer.code()), (503, "viewers"), "a viewer past http.viewers")
    beyond.close()
    with Http(server) as http:
        http.send(http.request("GET", "/v1/events?match=%23"))
        expect(http.fill(), "something is said to events past http.viewers")
        expect(b"503" in http.pending or b"error" in http.pending, f"events past http.viewers: {http.pending[:200]}")
    live = viewers[0]
    for n in range(64):
        live.tell(op="subscribe", id=n, match=f"v/0/p{n}")
        expect_equal(live.hear("snapshot")["id"], n, "a subscription within 64")
    live.tell(op="subscribe", id=64, match="v/0/p1")
    expect_equal(live.hear()["code"], "subscriptions", "the 65th subscription")
    live.tell(op="subscribe", id=0, match="v/0/p1")
    expect(live.hear()["op"] == "error", "an id that is taken")
    for n in range(64):
        live.tell(op="unsubscribe", id=n)
        live.hear("unsubscribed")
    live.tell(op="subscribe", id=1, match=[f"v/0/p{n}" for n in range(32)])
    expect_equal(len(live.hear("snapshot")["points"]), 32, "32 patterns")
    live.tell(op="subscribe", id=2, match=[f"v/0/p{n}" for n in range(33)])
    expect_equal(live.hear()["code"], "patterns", "33 patterns")
    live.tell(op="unsubscribe", id=1)
    live.hear("unsubscribed")
    live.tell(op="subscribe", id=3, match=[f"v/0/p{n}" for n in range(10)] + ["v/0/p1?", "v/0/p2?", "v/0/p3?", "v/0/p4?", "v/0/p5?",
                                           "v/0/p6?", "v/0/p7?", "v/0/p8?", "v/0/p9?"])
    expect_equal(len(live.hear("snapshot")["points"]), 100, "points within http.live_points")
    live.tell(op="subscribe", id=4, match="v/0/p100")
    expect_equal(live.hear("error")["code"], "live_points", "one point past http.live_points")
    for viewer in viewers:
        viewer.close()
    wait_for("the viewers to be gone", lambda: metric(server, "mainstem_live_viewers") == 0)
    again = WebSocket(server)
    expect_equal(again.answer.status, 101, "a viewer when others are gone")
    again.close()


def floods_of_viewers_are_bounded(folder):
    """Subscribing and unsubscribing without end, never reading, and pings without end."""
    server = Server(folder + "/data", "--http-live-keep", "1s")
    ask(server, "POST", "/v1/samples", json.dumps([{"path": f"flood/p{n}", "value": n} for n in range(3000)]))
    before, other = memory_of(server), Bystander(server)
    for kind in range(3):
        flood = []
        for _ in range(8):
            live = WebSocket(server)
            live.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            live.socket.settimeout(0.3)
            flood.append(live)
            try:
                for n in range(20000):
                    if kind == 0:
                        live.tell(op="subscribe", id=1, match="flood/#")
                        live.tell(op="unsubscribe", id=1)
                    elif kind == 1:
                        live.send(frame(PING, b"x" * 125) * 16)
                    else:
                        live.send(frame(TEXT, "nonsense") * 16)
                    if n >= 2000:
                        break
            except (socket.timeout, ConnectionError):
                pass  # not read on, or thrown out
        grown = memory_of(server) - before
        expect(grown < 64 * BOUND, f"flood {kind} of 8 viewers holds {grown // MIB} MiB")
        for live in flood:
            live.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            live.close()
    waited = other.stop(PATIENT_S)
    memory_comes_back(server)
    wait_for("viewers to be forgotten", lambda: metric(server, "mainstem_live_viewers") + metric(server, "mainstem_live_viewers_away") == 0)
    note(f"floods of viewers: {(memory_of(server) - before) / MIB:.1f} MiB after it, {waited}")


def a_slow_viewer_slows_nobody(folder):
    server = Server(folder + "/data")
    points = [f"slow/p{n}" for n in range(2000)]
    ask(server, "POST", "/v1/samples", json.dumps([{"path": path, "value": 0} for path in points]))
    wait_for("the tree", lambda: ask(server, "GET", "/v1/points").json()["entered"] == 1)
    before = memory_of(server)
    slow, quick = WebSocket(server), WebSocket(server)
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    for viewer in (slow, quick):
        viewer.tell(op="subscribe", id=1, match="slow/#")
    while not quick.hear("snapshot")["last"]:
        pass
    writer = Http(server)
    for n in range(1, 301):
        body = json.dumps([{"path": path, "value": n} for path in points])
        expect_equal(writer.ask("POST", "/v1/samples", body).json()["taken"], 2000, "samples taken beside a slow viewer")
        last = {}
        while len(last) < 2000:  # the quick one is told each value before long
            last.update({value[0]: value[1] for value in quick.hear("delta", 5)["values"] if value[1] == n})
    grown = memory_of(server) - before
    expect(grown < 32 * BOUND, f"a viewer that does not read holds {grown // MIB} MiB")
    newest, skipped, end = {}, 0, time.monotonic() + PATIENCE_S
    while len(newest) < 2000 or set(newest.values()) != {300}:
        message = slow.hear()
        if message["op"] == "delta":
            newest.update({value[0]: value[1] for value in message["values"]})
            skipped += message["skipped"]
        expect(time.monotonic() < end, "the slow viewer never got the last values")
    expect(skipped > 2000, f"the slow viewer was told of {skipped} skipped values")
    slow.close(), quick.close(), writer.close()
    note(f"600,000 values beside a viewer that does not read: {grown / MIB:.1f} MiB, it was told of {skipped} skipped ones")


if __name__ == "__main__":
    play(slow_heads_are_cut_off, slow_bodies_are_cut_off, slow_readers_hold_no_more_than_a_piece,
         ambiguous_requests_end_the_connection, bodies_do_not_become_requests, limits_of_a_head_at_both_sides,
         limits_of_a_body_at_both_sides, deep_and_odd_json_is_refused, no_path_leads_to_a_file,
         nothing_is_injected_into_an_answer, other_origins_can_neither_ask_nor_read,
         thousands_of_connections_cost_others_nothing, connections_past_the_limit_are_turned_away,
         pipelined_requests_are_answered_in_order, a_write_that_waits_does_not_hold_others, connections_close_as_was_said,
         a_slow_reader_gets_the_whole_of_its_last_answer,
         continue_is_said_when_the_body_is_wanted, an_early_refusal_is_read_whole, clients_that_vanish_leave_nothing,
         memory_has_a_limit_and_comes_back, protocol_faults_of_a_websocket_close_it,
         protocol_faults_of_mqtt_over_websocket_close_it, messages_of_viewers_are_checked,
         limits_of_viewers_at_both_sides, floods_of_viewers_are_bounded, a_slow_viewer_slows_nobody)

"""TLS on the doors: clients that nobody here wrote (Mosquitto's, Paho, MQTT.js, curl, openssl), what is
refused and how it is said, certificates of clients, names, certificates that are replaced while clients
stay, and a crowd that comes back at once."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from house import (CONNACK, PATIENCE_S, PUBLISH, TREE, Raw, Server, connect_packet, expect, expect_equal,
                   free_port, need_files, note, play, run, skip, wait_for)

MODULES = os.environ.get("MAINSTEM_JS_MODULES", os.path.join(TREE, "build/clients/mqttjs/node_modules"))

# ---- certificates, by openssl --------------------------------------------------------------------------


def openssl(*words, code=0, said="", seconds=None):
    if not shutil.which("openssl"):
        skip("openssl is not installed")
    result = subprocess.run(["openssl", *words], input=said, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=seconds or PATIENCE_S)
    if code is not None:
        expect_equal(result.returncode, code, f"openssl {' '.join(words)}: {result.stdout[-2000:]}")
    return result.stdout


def certificate(folder, name, subject, alternative="DNS:localhost,IP:127.0.0.1", signer=None, days=90,
                key="ec", authority=False):
    """NAME.crt and NAME.key in folder, signed by itself or by the pair `signer`; returns both paths."""
    os.makedirs(folder, exist_ok=True)
    path, key_path = f"{folder}/{name}.crt", f"{folder}/{name}.key"
    sort = ["-newkey", "rsa:2048"] if key == "rsa" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words = ["req", "-x509", *sort, "-nodes", "-keyout", key_path, "-out", path, "-subj", f"/CN={subject}",
             "-days", str(days), "-addext", f"basicConstraints=critical,CA:{'TRUE' if authority else 'FALSE'}"]
    if alternative:
        words += ["-addext", f"subjectAltName={alternative}"]
    if signer:
        words += ["-CA", signer[0], "-CAkey", signer[1]]
    openssl(*words)
    return path, key_path


class Doors:
    """A server with both doors of TLS."""

    def __init__(self, folder, *words, pair=None, wait=True):
        self.pair = pair or certificate(folder, "server", "localhost")
        self.ca = self.pair[0]
        self.mqtts, self.https = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.server = Server(folder + "/data", "--mqtts", self.mqtts, "--https", self.https,
                             "--tls-certificate", self.pair[0], "--tls-key", self.pair[1], *words, wait=wait)

    @property
    def mqtts_port(self):
        return self.mqtts.rsplit(":", 1)[1]

    def state(self):
        control = self.server.control()
        answer = control.ask(ask="state")
        control.close()
        return answer["tls"]

    def door(self, name="mqtts"):
        return next(door for door in self.state()["doors"] if door["name"] == name)

    def context(self, own=None, **options):
        context = ssl.create_default_context(cafile=self.ca)
        if own:
            context.load_cert_chain(*own)
        for name, value in options.items():
            setattr(context, name, value)
        return context


class Sealed(Raw):
    """A raw MQTT client by TLS."""

    def __init__(self, doors, context=None, connect=True, version=4, host="localhost", **options):
        self.version, self.pending, self.packet_id = version, b"", 0
        plain = socket.create_connection(("127.0.0.1", int(doors.mqtts_port)), timeout=PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = (context or doors.context()).wrap_socket(plain, server_hostname=host)
        if connect:
            self.send(connect_packet(version, **options))
            kind, _, body = self.take()
            expect_equal((kind, body[1]), (CONNACK, 0), "the answer to CONNECT")

    def shown(self):
        """The common name of the certificate that the server showed."""
        subject = self.socket.getpeercert()["subject"]
        return dict(part[0] for part in subject)["commonName"]


def s_client(address, *words, said="", code=None):
    return openssl("s_client", "-connect", address, *words, said=said, code=code)


# ---- stories ---------------------------------------------------------------------------------------------

def mosquitto_speaks_by_tls(folder):
    doors = Doors(folder)
    common = ["--cafile", doors.ca, "-h", "localhost", "-p", doors.mqtts_port]
    control = doors.server.control()

    def subscriptions():
        return control.ask(ask="state")["mqtt"]["subscriptions"]

    for version in ("mqttv31", "mqttv311", "mqttv5"):
        for tls in ("tlsv1.2", "tlsv1.3"):
            wait_for("the subscriber before to be gone", lambda: subscriptions() == 0)
            subscriber = subprocess.Popen(
                ["mosquitto_sub", *common, "-V", version, "--tls-version", tls, "-q", "1", "-t", f"a/{version}/{tls}/#",
                 "-C", "3", "-W", str(int(PATIENCE_S))], text=True, stdout=subprocess.PIPE)
            wait_for("the subscription", subscriptions)
            for number in range(3):
                subprocess.run(["mosquitto_pub", *common, "-V", version, "--tls-version", tls, "-q", str(number),
                                "-t", f"a/{version}/{tls}/x", "-m", f"message {number}"], check=True,
                               timeout=PATIENCE_S)
            said, _ = subscriber.communicate(timeout=PATIENCE_S)
            expect_equal(sorted(said.split("\n")), ["", "message 0", "message 1", "message 2"],
                         f"what came to {version} by {tls}")
    control.close()
    result = subprocess.run(["mosquitto_pub", *common[2:], "--capath", "/etc/ssl/certs", "-t", "a", "-m", "b"],
                            text=True, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, timeout=PATIENCE_S)
    expect(result.returncode != 0, "who does not trust the certificate gets in")
    expect_equal(doors.door()["faults"]["trust"], 1, "the client that does not trust, counted")
    expect("does not trust the certificate" in doors.server.log(), "that is not said in the log")


def paho_speaks_by_tls(folder):
    try:
        import paho.mqtt.client as paho
    except ImportError:
        skip("paho is not installed")
    doors = Doors(folder)
    came = threading.Event()
    client = paho.Client(client_id="paho", protocol=paho.MQTTv5)
    client.tls_set(ca_certs=doors.ca)
    client.on_message = lambda *_: came.set()
    client.on_connect = lambda c, *_: c.subscribe("paho/#", qos=1)
    client.on_subscribe = lambda c, *_: c.publish("paho/x", b"y" * 300000, qos=1)
    client.connect("localhost", int(doors.mqtts_port))
    client.loop_start()
    expect(came.wait(PATIENCE_S), "the message did not come back")
    client.disconnect()
    client.loop_stop()


def mqttjs_speaks_by_tls_and_secure_websocket(folder):
    if not os.path.isdir(MODULES) or not shutil.which("node"):
        skip("MQTT.js is not installed")
    doors = Doors(folder)
    # By number: Node.js takes the first address of a name alone, which may be the other family's.
    for url in (f"mqtts://127.0.0.1:{doors.mqtts_port}",
                f"wss://127.0.0.1:{doors.https.rsplit(':', 1)[1]}/mqtt"):
        result = subprocess.run(["node", os.path.join(TREE, "tests/clients/mqttjs/messages.js"), url],
                                env={**os.environ, "NODE_PATH": MODULES, "NODE_EXTRA_CA_CERTS": doors.ca,
                                     "MAINSTEM_PATIENCE_S": str(PATIENCE_S)},
                                text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=8 * PATIENCE_S)
        expect(result.returncode == 0 and "FAILED" not in result.stdout,
               f"messages.js by {url}: {result.stdout[-3000:]}")


def curl_speaks_by_tls(folder):
    doors = Doors(folder)
    port = doors.https.rsplit(":", 1)[1]
    base = ["curl", "-sS", "--cacert", doors.ca, "--max-time", str(int(PATIENCE_S))]
    answer = subprocess.run([*base, "-i", f"https://localhost:{port}/healthz"], text=True, check=True,
                            stdout=subprocess.PIPE).stdout
    expect("HTTP/1.1 200" in answer and '"alive"' in answer, f"no answer: {answer}")
    expect("Strict-Transport-Security: max-age=" in answer, "browsers are not told to stay with TLS")
    clear = subprocess.run(["curl", "-sSi", f"http://{doors.server.http}/healthz"], text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    expect("Strict-Transport-Security" not in clear, "said in clear it means nothing (RFC 6797, 8.1)")
    # A body of many records, and an answer of as many.
    lines = "\n".join(json.dumps({"path": f"curl/p{i}", "value": i}) for i in range(20000))
    with open(folder + "/lines", "w", encoding="utf-8") as file:
        file.write(lines)
    answer = subprocess.run([*base, "-w", "\n%{http_code}", "-H", "Content-Type: application/x-ndjson", "-X", "POST",
                             "--data-binary", f"@{folder}/lines", f"https://localhost:{port}/v1/samples"], text=True,
                            check=True, stdout=subprocess.PIPE).stdout
    expect(answer.rstrip().endswith(("200", "204")), f"20,000 samples were not taken: {answer[-500:]}")
    console = subprocess.run([*base, "-o", folder + "/page", "-w", "%{http_code}", f"https://localhost:{port}/"],
                             text=True, check=True, stdout=subprocess.PIPE).stdout
    expect_equal(console, "200", "the console's page")
    wrong = subprocess.run([*base, f"https://localhost:{port}/healthz", "--tls-max", "1.1"], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    expect(wrong.returncode != 0, "curl gets in with TLS 1.1")


def our_own_verbs_speak_by_tls(folder):
    doors = Doors(folder)
    at = {"MAINSTEM_MQTT": f"mqtts://localhost:{doors.mqtts_port}", "MAINSTEM_CA": doors.ca,
          "MAINSTEM_HTTP": f"https://localhost:{doors.https.rsplit(':', 1)[1]}"}
    good = run("pub", "plant/line1/press", '{"pressure":101.3}', "--qos", "1", env=at)
    expect_equal(good.returncode, 0, f"mainstem pub: {good.stderr}")
    wait_for("the value by HTTP", lambda: "101.3" in run("get", "plant/line1/press/pressure", env=at).stdout)
    shown = run("live", "plant/#", "--for", "1", "--json", env=at)
    expect("101.3" in shown.stdout, f"mainstem live: {shown.stdout} {shown.stderr}")
    said = run("sql", "select path from points", "--csv", env=at)
    expect("plant/line1/press/pressure" in said.stdout, f"mainstem sql: {said.stdout} {said.stderr}")
    load = run("load", "--connections", "20", "--points", "200", "--rate", "200", "--duration", "1",
               "--warm-up", "0", env=at)
    expect_equal(load.returncode, 0, f"mainstem load: {load.stdout} {load.stderr}")
    untrusted = {**at, "MAINSTEM_CA": ""}
    for words in (("pub", "a", "b"), ("get", "plant/line1/press/pressure"), ("live", "#", "--count", "1")):
        result = run(*words, env=untrusted)
        expect_equal(result.returncode, 1, f"mainstem {words[0]} without --ca: {result.stderr}")
        expect("--ca" in result.stderr, f"mainstem {words[0]} does not say what to do: {result.stderr}")
        expect(run(*words, "--insecure", env=untrusted, seconds=PATIENCE_S).returncode == 0
               or words[0] == "live", f"mainstem {words[0]} --insecure")
    elsewhere = {**at, "MAINSTEM_MQTT": f"mqtts://{doors.server.mqtt}"}
    result = run("pub", "a", "b", env=elsewhere)
    expect("in clear" in result.stderr, f"TLS to a port in clear is not explained: {result.stderr}")


def the_verb_cert_makes_one_that_works(folder):
    made = run("cert", "self-signed", "--name", "localhost", "--name", "127.0.0.1", "--out", folder + "/tls")
    expect_equal(made.returncode, 0, f"mainstem cert: {made.stderr}")
    pair = folder + "/tls/mainstem.crt", folder + "/tls/mainstem.key"
    expect_equal(os.stat(pair[1]).st_mode & 0o777, 0o600, "mode of the key")
    again = run("cert", "self-signed", "--out", folder + "/tls")
    expect(again.returncode == 1 and "there already" in again.stderr, f"written over: {again.stderr}")
    openssl("verify", "-CAfile", pair[0], "-partial_chain", pair[0])
    doors = Doors(folder, pair=pair)
    Sealed(doors).publish("a/b", '{"x":1}')
    for what in (pair[0], doors.mqtts):
        shown = run("cert", "show", what)
        expect("localhost, 127.0.0.1" in shown.stdout and "valid" in shown.stdout, f"cert show {what}: {shown}")
    printed = json.loads(run("cert", "show", pair[0], "--json").stdout)
    wanted = openssl("x509", "-in", pair[0], "-noout", "-fingerprint", "-sha256")
    expect_equal(printed["fingerprint"], wanted.split("=")[1].strip().replace(":", "").lower(), "the fingerprint")
    expect_equal(run("cert", "self-signed", "--name", "a b").returncode, 2, "a name that is none")
    expect_equal(run("cert", "show", folder + "/none").returncode, 1, "a file that is none")
    expect_equal(run("cert", "sign").returncode, 2, "a verb that is none")


def what_is_weak_is_refused(folder):
    doors = Doors(folder)
    for version in ("-tls1", "-tls1_1"):
        said = s_client(doors.mqtts, version, "-cipher", "ALL:@SECLEVEL=0")
        expect("New, (NONE)" in said or "Cipher is (NONE)" in said, f"{version} is spoken: {said[-1500:]}")
    for suite in ("AES128-SHA", "AES128-GCM-SHA256", "AES256-SHA256", "ECDHE-ECDSA-AES128-SHA",
                  "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA", "DHE-RSA-AES128-GCM-SHA256",
                  "ADH-AES128-GCM-SHA256", "NULL-SHA256", "ECDHE-ECDSA-NULL-SHA", "CAMELLIA128-SHA",
                  "PSK-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-CAMELLIA128-SHA256"):
        said = s_client(doors.mqtts, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")
        expect("Cipher is (NONE)" in said or "no ciphers available" in said or "no cipher match" in said,
               f"{suite} is spoken: {said[-1500:]}")
    for suite in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"):
        said = s_client(doors.mqtts, "-tls1_2", "-cipher", suite)
        expect(f"Cipher is {suite}" in said, f"{suite} is not spoken: {said[-1500:]}")
        expect("Compression: NONE" in said and "Secure Renegotiation IS supported" in said, said[-1500:])
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
        said = s_client(doors.https, "-tls1_3", "-ciphersuites", suite)
        expect(f"Cipher is {suite}" in said, f"{suite} is not spoken: {said[-1500:]}")
    said = s_client(doors.https, "-tls1_3", "-groups", "ffdhe2048")
    expect("Cipher is (NONE)" in said, f"ffdhe2048 is spoken: {said[-1500:]}")
    said = s_client(doors.https, "-alpn", "h2")
    expect("Cipher is (NONE)" in said or "no application protocol" in said, f"h2 is taken: {said[-1500:]}")
    expect("ALPN protocol: http/1.1" in s_client(doors.https, "-alpn", "h2,http/1.1"), "http/1.1 is not chosen")
    expect("ALPN protocol: mqtt" in s_client(doors.mqtts, "-alpn", "mqtt"), "mqtt is not chosen")
    faults = doors.door()["faults"]
    expect(faults["version"] >= 2 and faults["suite"] >= 8, f"not counted as what they are: {faults}")
    # A client that asks to begin anew in the middle is told no.
    said = s_client(doors.mqtts, "-tls1_2", said="R\n")
    expect("RENEGOTIATING" in said and "verify return" not in said.split("RENEGOTIATING")[1],
           f"renegotiation: {said[-800:]}")


def rsa_and_the_least_version(folder):
    doors = Doors(folder, "--tls-version", "1.3", pair=certificate(folder, "rsa", "localhost", key="rsa"))
    said = s_client(doors.mqtts, "-tls1_2")
    expect("Cipher is (NONE)" in said, f"1.2 is spoken though 1.3 is the least: {said[-800:]}")
    client = Sealed(doors)
    expect_equal(client.socket.version(), "TLSv1.3", "the version")
    client.publish("a/b", '{"x":1}')


def who_speaks_in_clear_is_told(folder):
    doors = Doors(folder)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", int(doors.mqtts_port)), timeout=PATIENCE_S) as plain:
            plain.sendall(connect_packet(4, client_id="plain"))
            expect_equal(plain.recv(100), b"", "the answer to CONNECT in clear")
    said = subprocess.run(["curl", "-sS", f"http://{doors.https}/"], text=True, stdout=subprocess.PIPE, check=True)
    expect("https://" in said.stdout, f"HTTP in clear gets no sentence: {said.stdout}")
    expect_equal(doors.door()["faults"]["plain"], 20, "those who spoke in clear, counted")
    lines = [line for line in doors.server.log().split("\n") if "in clear" in line and "mqtts" in line]
    expect(1 <= len(lines) <= 8, f"{len(lines)} lines in the log of 20 who speak in clear")
    with socket.create_connection(("127.0.0.1", int(doors.mqtts_port)), timeout=PATIENCE_S) as garbage:
        garbage.sendall(b"\x16\x03\x01\x02\x00" + b"\xee" * 600)
        garbage.settimeout(PATIENCE_S)
        while garbage.recv(4096):
            pass
    expect_equal(doors.door()["faults"]["bytes"], 1, "garbage, counted")
    Sealed(doors).publish("a/b", '{"x":1}')


def who_does_not_finish_is_let_go(folder):
    doors = Doors(folder, "--mqtt-connect-time", "700ms")
    slow = socket.create_connection(("127.0.0.1", int(doors.mqtts_port)), timeout=PATIENCE_S)
    slow.sendall(b"\x16\x03\x01\x00\xf0\x01")
    began = time.monotonic()
    expect_equal(slow.recv(100), b"", "half a handshake ends")
    expect(0.5 < time.monotonic() - began < 10, "not at its time")
    socket.create_connection(("127.0.0.1", int(doors.mqtts_port))).close()
    silent = Sealed(doors, connect=False)  # the handshake, and then no CONNECT
    try:
        expect_equal(silent.socket.recv(100), b"", "silence behind the handshake ends")
    except (ConnectionError, ssl.SSLError):
        pass
    wait_for("both to be counted", lambda: (lambda f: f["time"] == 1 and f["gone"] == 1)(doors.door()["faults"]))
    wait_for("nobody to be there", lambda: doors.door()["connections"] == 0)


def half_handshakes_do_not_shut_the_door(folder):
    need_files(2000)
    doors = Doors(folder, "--mqtt-connect-time", "1m")
    resident = Sealed(doors, client_id="resident")
    halves = []
    for _ in range(1400):  # more than are let under way at once
        half = socket.create_connection(("127.0.0.1", int(doors.mqtts_port)), timeout=PATIENCE_S)
        half.sendall(b"\x16\x03\x01\x00\xf0\x01")
        halves.append(half)
    began = time.monotonic()
    Sealed(doors, client_id="late").publish("a/b", '{"x":1}')
    note(f"behind 1,400 half handshakes a client is in after {time.monotonic() - began:.1f} s")
    resident.publish("a/b", '{"x":2}')
    control = doors.server.control()
    held = control.ask(ask="state")["memory"]["mqtt"]
    control.close()
    expect(held < 1100 * (80 << 10), f"half handshakes hold {held} bytes")
    expect(doors.door()["faults"]["time"] >= 1, "none of them made room")
    for half in halves:
        half.close()
    wait_for("all to be gone", lambda: doors.door()["faults"]["time"] + doors.door()["faults"]["gone"] == 1400)

    def memory():
        asked = doors.server.control()
        answer = asked.ask(ask="state")["memory"]["mqtt"]
        asked.close()
        return answer

    wait_for("their memory to be given back", lambda: memory() < 100 << 10)


def large_messages_and_slow_readers(folder):
    doors = Doors(folder)
    receiver, sender = Sealed(doors, client_id="receiver"), Sealed(doors, client_id="sender")
    expect_equal(receiver.subscribe(("big/#", 1)), [1], "SUBACK")
    payload = os.urandom(900000)
    for number in range(12):  # not read meanwhile: they wait on the server's side
        sender.publish(f"big/{number}", payload)
    for number in range(12):
        kind, _, body = receiver.take()
        expect_equal((kind, body[-len(payload):] == payload), (PUBLISH, True), f"message {number}")
        at = 2 + int.from_bytes(body[:2], "big")
        receiver.send(b"\x40\x02" + body[at:at + 2])
    # A packet in pieces of one record each.
    whole = b"\x30" + b"\x8a\x01" + b"\x00\x03a/b" + b"x" * 133
    for byte in whole:
        sender.send(bytes([byte]))
    sender.publish("a/c", '{"x":2}')


def certificates_of_clients(folder):
    ca = certificate(folder, "ca", "our authority", alternative="", authority=True)
    other = certificate(folder, "other", "another authority", alternative="", authority=True)
    doors = Doors(folder, "--tls-client-ca", ca[0])
    Sealed(doors).publish("a/b", '{"x":1}')
    expect_equal(doors.door()["certificates"], 0, "clients without a certificate")
    good = certificate(folder, "device", "press-7", alternative="", signer=ca)
    bad = certificate(folder, "stranger", "press-7", alternative="", signer=other)
    Sealed(doors, doors.context(own=good)).publish("a/b", '{"x":2}')
    Sealed(doors, doors.context(own=bad)).publish("a/b", '{"x":3}')
    door = doors.door()
    expect_equal((door["certificates"], door["verified"]), (2, 1), "certificates shown, and good ones")
    result = subprocess.run(["mosquitto_pub", "--cafile", doors.ca, "--cert", good[0], "--key", good[1], "-h",
                             "localhost", "-p", doors.mqtts_port, "-t", "a/b", "-m", "1"], timeout=PATIENCE_S,
                            check=False)
    expect_equal((result.returncode, doors.door()["verified"]), (0, 2), "mosquitto_pub with a certificate")
    shown = run("pub", "a/b", "1", "--server", f"mqtts://localhost:{doors.mqtts_port}", "--ca", doors.ca,
                "--cert", good[0], "--key", good[1])
    expect_equal((shown.returncode, doors.door()["verified"]), (0, 3), f"mainstem pub with one: {shown.stderr}")
    said = s_client(doors.mqtts)
    expect("our authority" in said, "the authority is not named to clients")


def names_choose_certificates(folder):
    for name in ("a", "b"):
        certificate(folder + "/pairs", name, f"{name}.example", alternative=f"DNS:{name}.example,DNS:*.{name}.example")
    doors = Doors(folder, "--tls-folder", folder + "/pairs")

    def subject(*words):
        found = re.search(r"subject=(.*)", s_client(doors.https, *words))
        return found.group(1).replace(" ", "") if found else None

    for name, wanted in (("a.example", "a.example"), ("B.example", "b.example"), ("x.b.example", "b.example"),
                         ("localhost", "localhost"), ("unknown.example", "localhost")):
        expect_equal(subject("-servername", name), f"CN={wanted}", f"the certificate for {name}")
    expect_equal(subject("-noservername"), "CN=localhost", "the certificate without a name")
    expect_equal(len(doors.state()["certificates"]), 3, "certificates in the state")


def certificates_change_while_clients_stay(folder):
    ca = certificate(folder, "ca", "authority", alternative="", authority=True)
    doors = Doors(folder, pair=certificate(folder, "server", "first", signer=ca))
    doors.ca = ca[0]

    def put(subject, **options):
        fresh = certificate(folder, "fresh", subject, signer=ca, **options)
        for source, target in zip(fresh, doors.pair):
            shutil.copy(source, target)

    before = Sealed(doors, client_id="stays")
    expect_equal(before.shown(), "first", "the first certificate")
    put("second")
    doors.server.process.send_signal(signal.SIGHUP)
    wait_for("the new certificate", lambda: Sealed(doors).shown() == "second")
    before.publish("a/b", '{"x":1}')
    # A file that cannot be used: the old one stays, and the log says why.
    with open(doors.pair[1], "w", encoding="utf-8") as file:
        file.write("no key\n")
    doors.server.process.send_signal(signal.SIGHUP)
    wait_for("the sentence in the log", lambda: "the certificates stay as they were" in doors.server.log())
    expect_equal(Sealed(doors).shown(), "second", "the certificate after a file that is none")
    state = doors.state()
    expect(state["failures"] >= 1 and "private key" in state["fault"], f"the state does not say it: {state}")
    # Without a signal: files are looked at every ten seconds.
    put("third")
    wait_for("the third certificate, without a signal", lambda: doors.state()["loads"] >= 2, max(PATIENCE_S, 30))
    expect_equal(Sealed(doors).shown(), "third", "the certificate that was noticed")
    expect_equal(doors.state()["fault"], None, "the fault that is over")
    before.publish("a/b", '{"x":2}')
    expect(doors.server.log().count(f"certificate {doors.pair[0]} for localhost, 127.0.0.1, until ") == 3,
           "the log does not tell each certificate that came into force")


def ends_that_are_near_are_told(folder):
    doors = Doors(folder, pair=certificate(folder, "short", "localhost", days=5))
    expect("ends in 4 days" in doors.server.log() or "ends in 5 days" in doors.server.log(),
           f"no warning: {doors.server.log()}")
    os.chmod(doors.pair[1], 0o644)
    doors.server.process.send_signal(signal.SIGHUP)
    wait_for("a warning about an open key", lambda: "can be read by every user" in doors.server.log())


def doors_without_certificates_stay_shut(folder):
    pair = certificate(folder, "server", "localhost")
    other = certificate(folder, "other", "other")
    cases = ((["--mqtts", ":0"], "cert self-signed"),
             (["--https", ":0", "--tls-certificate", pair[0]], "go together"),
             (["--https", ":0", "--tls-certificate", pair[0], "--tls-key", other[1]], "not the one of the certificate"),
             (["--https", ":0", "--tls-certificate", folder + "/none", "--tls-key", pair[1]], "cannot be read"),
             (["--mqtts", ":0", "--tls-folder", folder + "/none"], "cannot be read"))
    for words, says in cases:
        result = run("serve", "--data", folder + "/data", "--mqtt", ":0", "--http", ":0", *words)
        expect(result.returncode == 1 and says in result.stderr, f"serve {words}: {result.returncode} {result.stderr}")


def only_doors_of_tls_are_open(folder):
    doors = Doors(folder, "--mqtt", "", "--http", "")
    line = next(line for line in doors.server.log().split("\n") if "mainstem ready" in line)
    expect(f"ready: mqtts {doors.mqtts}, https {doors.https}, data" in line, f"the ready line: {line}")
    for address in (doors.server.mqtt, doors.server.http):
        host, port = address.rsplit(":", 1)
        try:
            socket.create_connection((host, int(port)), timeout=2).close()
        except OSError:
            continue
        expect(False, f"{address} is open")
    Sealed(doors).publish("a/b", '{"x":1}')


def sessions_are_resumed(folder):
    doors = Doors(folder)
    for version in ("-tls1_2", "-tls1_3"):
        # Something to be answered: a ticket of 1.3 comes behind the handshake.
        asked = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        s_client(doors.https, version, "-ign_eof", "-sess_out", folder + "/session", said=asked)
        said = s_client(doors.https, version, "-ign_eof", "-sess_in", folder + "/session", said=asked)
        expect("Reused, TLS" in said, f"not resumed with {version}: {said[-1500:]}")
    expect_equal(doors.door("https")["resumed"], 2, "resumed sessions, counted")
    # Its keys die with the server: nothing of an old session opens a new one.
    words = doors.server.words
    doors.server.stop()
    server = Server(folder + "/data", *words)
    said = s_client(doors.https, "-tls1_3", "-ign_eof", "-sess_in", folder + "/session", said=asked)
    expect("New, TLS" in said, f"an old ticket is taken: {said[-800:]}")
    server.stop()


def a_stop_says_the_last_word(folder):
    doors = Doors(folder)
    client = Sealed(doors, version=5)
    doors.server.stop()
    kind, _, _ = client.take()
    expect_equal(kind, 14, "DISCONNECT when the server stops")
    expect_equal(client.socket.recv(10), b"", "an end that TLS vouches for")  # else: SSLEOFError


def a_crowd_comes_back(folder):
    doors = Doors(folder, "--mqtt-connect-time", "1m")
    clients, others = 400, Sealed(doors, client_id="others")
    slowest = 0.0
    load = subprocess.Popen([os.environ.get("MAINSTEM", "build/mainstem"), "load", "--server",
                             f"mqtts://localhost:{doors.mqtts_port}", "--ca", doors.ca, "--connections", "1",
                             "--points", "1", "--values", "1", "--rate", "1", "--idle", str(clients), "--warm-up", "0",
                             "--duration", "1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    began = time.monotonic()
    while load.poll() is None and time.monotonic() - began < 4 * PATIENCE_S:
        sent = time.monotonic()
        others.publish("a/b", '{"x":1}')
        slowest = max(slowest, time.monotonic() - sent)
        time.sleep(0.005)
    said, _ = load.communicate(timeout=PATIENCE_S)
    expect_equal(load.returncode, 0, f"the crowd: {said}")
    expect(doors.door()["handshakes"] >= clients, "not all of the crowd came in")
    expect(slowest < 5, f"another client waited {slowest:.1f} s for its PUBACK")
    note(f"{clients} clients at once by TLS: another one's longest PUBACK took {slowest * 1000:.0f} ms")


if __name__ == "__main__":
    play(mosquitto_speaks_by_tls, paho_speaks_by_tls, mqttjs_speaks_by_tls_and_secure_websocket, curl_speaks_by_tls,
         our_own_verbs_speak_by_tls, the_verb_cert_makes_one_that_works, what_is_weak_is_refused,
         rsa_and_the_least_version, who_speaks_in_clear_is_told, who_does_not_finish_is_let_go,
         half_handshakes_do_not_shut_the_door, large_messages_and_slow_readers, certificates_of_clients, names_choose_certificates,
         certificates_change_while_clients_stay, ends_that_are_near_are_told, doors_without_certificates_stay_shut,
         only_doors_of_tls_are_open, sessions_are_resumed, a_stop_says_the_last_word, a_crowd_comes_back)

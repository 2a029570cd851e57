"""What the scenarios with other people's clients share: the broker they speak to, and the terminal
clients of Mosquitto as objects.

The broker is Mainstem. With MAINSTEM_BROKER=mosquitto it is Debian's Mosquitto instead: whatever a
scenario asks there must hold as well, or else the scenario is wrong and not the server. Mosquitto
writes its sessions when it ends and not before, so what is a kill -9 of Mainstem is a SIGTERM there.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading

from house import PATIENCE_S, Server, expect, expect_equal, free_port, skip, wait_for

ON_MOSQUITTO = os.environ.get("MAINSTEM_BROKER") == "mosquitto"
MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
VERSIONS = ("mqttv31", "mqttv311", "mqttv5")


class Mosquitto(Server):
    """Mosquitto as a child process, with a configuration of its own in `folder`."""

    def __init__(self, folder, mqtt=None, configuration=""):
        if not MOSQUITTO:
            skip("mosquitto is not installed")
        os.makedirs(folder, exist_ok=True)
        self.data = folder
        self.configuration = configuration
        self.port = int(mqtt.rsplit(":", 1)[1]) if mqtt else free_port()
        self.mqtt = f"127.0.0.1:{self.port}"
        with open(folder + "/mosquitto.conf", "w", encoding="utf-8") as file:
            file.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\n"
                       f"persistence true\npersistence_location {folder}/\nsys_interval 1\n"
                       f"max_queued_messages 0\n{configuration}\n")
        handle, self.log_path = tempfile.mkstemp(prefix="mosquitto-log-")
        self.process = subprocess.Popen([MOSQUITTO, "-v", "-c", folder + "/mosquitto.conf"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=handle)
        os.close(handle)
        Server.every.append(self)
        wait_for("mosquitto to run", lambda: " running" in self.log())

    def kill(self):
        return self.stop(signal.SIGTERM)


def start(folder, *words, mosquitto=""):
    """The broker under test on a folder of its own; mosquitto: what it takes to make Mosquitto do it."""
    if ON_MOSQUITTO:
        return Mosquitto(folder + "/mosquitto", configuration=mosquitto)
    return Server(folder + "/data", *words)


def again(server):
    """Kills the broker with no chance to tidy up, and starts it on the same folder, addresses and words."""
    server.kill()
    if isinstance(server, Mosquitto):
        return Mosquitto(server.data, server.mqtt, server.configuration)
    return Server(server.data, *server.words, mqtt=server.mqtt, http=server.http)


# ---- Mosquitto's terminal clients ---------------------------------------------------------------------

def address(server):
    host, port = server.mqtt.rsplit(":", 1)
    return "-h", host, "-p", port


def publish(server, topic, payload=None, *words, qos=1, version="mqttv5", retain=False, code=0):
    """mosquitto_pub with one message (None: an empty one); expects its exit code."""
    command = ["mosquitto_pub", *address(server), "-V", version, "-q", str(qos), "-t", topic]
    command += ["-n"] if payload is None else ["-m", payload]
    command += ["-r"] if retain else []
    result = subprocess.run([*command, *words], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S)
    if code is not None:
        expect_equal(result.returncode, code, f"exit code of {' '.join(command)} ({result.stdout.strip()})")
    return result.stdout


class Subscriber:
    """mosquitto_sub as a child. It is subscribed when the constructor returns, and its messages come
    as the JSON of its format %j: topic, qos, retain, payload as text, properties."""

    every = Server.every  # ended by the house with the servers, whatever happens

    def __init__(self, server, *words, qos=2, version="mqttv5", program="mosquitto_sub", wait=True):
        self.messages, self.said, self.granted = [], [], None
        self.ready = threading.Event()
        self.changed = threading.Condition()
        handle, self.log_path = tempfile.mkstemp(prefix="mosquitto-sub-")
        os.close(handle)
        # stdbuf: what is said about the subscription comes when it is said, not with the next message.
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", program, *address(server), "-V", version, "-q", str(qos), "-d",
             "-F", "%j", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        Subscriber.every.insert(0, self)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        if wait:
            expect(self.ready.wait(PATIENCE_S) and self.granted is not None,
                   f"mosquitto_sub was not subscribed: {self.said}")

    def _read(self):
        for line in self.process.stdout:
            line = line.decode(errors="replace").rstrip("\n")
            with self.changed:
                if line.startswith("{"):
                    self.messages.append(json.loads(line))
                else:
                    self.said.append(line)
                self.changed.notify_all()
            if line.startswith("Subscribed"):
                self.granted = [int(number) for number in line.split(":", 1)[1].split(":")[1].split(",")]
                self.ready.set()
        self.ready.set()
        with self.changed:
            self.changed.notify_all()

    def log(self):
        return "\n".join(self.said)

    def take(self, count=1, seconds=None):
        """The next `count` messages, which are then gone from the list."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.messages) >= count or self.ended(),
                                  seconds or PATIENCE_S)
            expect(len(self.messages) >= count,
                   f"{count} messages expected, found {[told(message) for message in self.messages]}; "
                   f"mosquitto_sub said {self.said[-12:]}")
            taken, self.messages = self.messages[:count], self.messages[count:]
        return taken

    def ended(self):
        return not self.thread.is_alive() or self.process.poll() is not None

    def expect_told(self, wanted, what):
        """The next messages are these (topic, payload, qos, retain)."""
        expect_equal([told(message) for message in self.take(len(wanted))], wanted, what)

    def expect_nothing_before(self, server, topic, what):
        """Whatever the server had for us has come when a message sent after it has come."""
        publish(server, topic, "marker", qos=0)
        found = self.take()[0]
        expect_equal((found["topic"], found["payload"]), (topic, "marker"), what)

    def close(self, signal_number=signal.SIGTERM):
        """Ends it; SIGTERM says DISCONNECT, SIGKILL does not."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            code = self.process.wait(timeout=PATIENCE_S / 4)
        except subprocess.TimeoutExpired:
            # mosquitto_sub disconnects inside its signal handler, and hangs when the signal came at a
            # moment at which it held its own lock.
            self.process.kill()
            code = self.process.wait(timeout=PATIENCE_S)
        self.thread.join(PATIENCE_S)
        return code

    def kill(self):
        return self.close(signal.SIGKILL)


def told(message):
    return message["topic"], message["payload"], message["qos"], message["retain"]

"""`readings.path`: readings are where the template says, messages keep their topic, what the template
cannot place is refused by name, and a dry run over HTTP tells what a restart with it does."""

import json
import subprocess
import urllib.error
import urllib.request

from broker import Subscriber, publish, told
from house import PATIENCE_S, Server, expect, expect_equal, play, run

MESSAGES = [("v1/north/up/pump", '{"rpm": 1480, "air": {"temp": 21.5}}'), ("v1/north/up/level", "4.25"),
            ("v1/south/up/level", "5"), ("v1/south", "6"), ("alone", "7"), ("v1//up/level", "8"),
            ("v1/north/up/camera", "no\x01reading"), ("other/a/b/c/d", "9")]


def http(server, path, body=None):
    """The answer's status and JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{server.http}{path}", data,
                                     {"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as err:
        return err.code, json.load(err)


def publish_all(server):
    for topic, payload in MESSAGES:
        publish(server, topic, payload, qos=1)


def topics_of(server):
    """What became of each topic: whether it is a reading, its path, and why not."""
    status, answer = http(server, "/v1/topics?limit=100")
    expect_equal(status, 200, "the status of /v1/topics")
    return {topic["topic"]: (topic["reading"], topic["path"], topic["use"], topic["why"])
            for topic in answer["topics"]}


def readings_are_where_the_template_says(folder):
    words = ("--readings-path", "site/{2}/{4-}")
    server = Server(folder + "/data", *words)
    watch = Subscriber(server, "-t", "#", qos=1)
    publish(server, "v1/north/up/pump", '{"rpm":1480,"air":{"temp":21.5}}', qos=1, retain=True)
    publish(server, "v1/north/up/level", "4.25", qos=1)
    expect_equal([message[0] for message in map(told, watch.take(2))],
                 ["v1/north/up/pump", "v1/north/up/level"], "the topics that a subscriber is told")
    wanted = {"site/north/pump/rpm": 1480, "site/north/pump/air/temp": 21.5, "site/north/level": 4.25}
    for _ in range(2):
        points = server.control().points()
        expect_equal({path: point["value"] for path, point in points.items()}, wanted, "the points")
        shown = run("point", "--data", server.data, "show", "site/north/pump/rpm")
        expect(shown.returncode == 0 and "1480" in shown.stdout,
               f"`point show` of the mapped path said {shown.stdout} {shown.stderr}")
        again = Subscriber(server, "-t", "v1/#", qos=1)
        expect_equal(told(again.take(1)[0])[0], "v1/north/up/pump", "the retained message's topic")
        server.kill() # what was acknowledged is there, at the same paths
        server = Server(folder + "/data", *words)


def what_has_no_path_is_refused_by_name(folder):
    server = Server(folder + "/data", "--readings-path", "site/{2}/{4-}")
    watch = Subscriber(server, "-t", "#", qos=1)
    publish(server, "v1/north", "7", qos=1)
    expect_equal(told(watch.take(1)[0])[:2], ("v1/north", "7"), "the message, which is one all the same")
    refused = server.control().ask(ask="refused")["refused"]
    expect_equal([(entry["topic"], entry["reason"]) for entry in refused], [("v1/north", "no_path")],
                 "the refusals")
    expect_equal(server.control().points(), {}, "the points")
    expect("v1/north" in server.log() and "readings.path" in server.log(),
           "the log names topic and setting")


def a_dry_run_tells_what_a_restart_does(folder):
    data, words = folder + "/data", ()
    for match, template in (("v1/#", "{2}/{1}/{3-}"), ("#", "plant/{2}"), ("alone other/#", "{topic}")):
        server = Server(data, *words)
        publish_all(server)
        before = server.control().points().keys()
        status, trial = http(server, "/v1/topics/dry-run", {"match": match, "template": template})
        expect_equal(status, 200, "the status of the dry run")
        foreseen = {topic["topic"]: tuple(topic["then"][name] for name in ("reading", "path", "use", "why"))
                    for topic in trial["topics"]}
        expect_equal(sorted(foreseen), sorted(topic for topic, _ in MESSAGES), "the topics of the dry run")
        expect_equal(server.control().points().keys(), before, "the points after a dry run")
        expect_equal(server.stop(), 0, "the exit code")
        words = ("--readings-match", match, "--readings-path", template)
        server = Server(data, *words)
        publish_all(server)
        expect_equal(topics_of(server), foreseen, f"what became of them with {match} and {template}")
        points = server.control().points()
        for topic, (reading, path, _, _) in foreseen.items():
            expect(not reading or path in points or any(name.startswith(path + "/") for name in points),
                   f"{topic} is a reading at {path}, where no point is: {sorted(points)}")
        expect_equal(server.stop(), 0, "the exit code")


def a_malformed_template_is_refused(folder):
    server = Server(folder + "/data")
    status, problem = http(server, "/v1/topics/dry-run", {"template": "site/{0}"})
    expect_equal(status, 422, "the status of a dry run of a malformed template")
    expect("readings.path" in problem["detail"], f"the problem names the setting: {problem}")
    server.stop()
    for template in ("site/{0}", "{1", "plant", "{1}/#", ""):
        server = Server(folder + "/data", "--readings-path", template, wait=False)
        try:
            code = server.process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            code = 0
        expect(code != 0, f"serve went on with readings.path {template!r}")
        expect("readings" in server.log() and "path" in server.log(),
               f"the log does not name the setting: {server.log()}")


if __name__ == "__main__":
    play(readings_are_where_the_template_says, what_has_no_path_is_refused_by_name,
         a_dry_run_tells_what_a_restart_does, a_malformed_template_is_refused)

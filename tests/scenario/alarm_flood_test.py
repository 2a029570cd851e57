#!/usr/bin/env python3
"""A flood of alarms: each is raised once, told in order to who follows, counted by branch, kept through
kill -9, and answered in one stroke. Followed over the live WebSocket, read back by HTTP and SQL."""

import json

from house import PATIENCE_S, Server, expect, expect_equal, play, publish_packet, wait_for, Raw
from web import WebSocket, ask

ROWS, METRICS = 40, 50
POINTS = ROWS * METRICS


def told(answer, status=200):
    expect_equal(answer.status, status, f"the status, with {answer.body[:300]!r}")
    return answer.json()


def rule(server, name, **what):
    return told(ask(server, "PUT", f"/v1/rules/{name}", json.dumps(what)))


def publish(raw, value):
    for row in range(ROWS):
        payload = json.dumps({f"m{metric}": value + metric / 1000 for metric in range(METRICS)})
        raw.send(publish_packet(f"plant/line{row % 4}/device{row}", payload, qos=1, packet_id=row + 1))
    for row in range(ROWS):
        raw.take_puback(row + 1)


class Follower:
    def __init__(self, server, **what):
        self.socket = WebSocket(server)
        expect_equal(self.socket.answer.status, 101, "the status of the handshake")
        self.say(op="alarms", id=7, **what)
        self.entries, self.start = [], self.take_until("following")["entry"]

    def say(self, **message):
        self.socket.tell(**message)

    def take_until(self, op):
        return self.socket.hear(op, PATIENCE_S)

    def take_entries(self, count):
        while len(self.entries) < count:
            message = self.take_until("alarms")
            expect_equal(message["id"], 7, "whose entries they are")
            self.entries += message["entries"]
        expect_equal(len(self.entries), count, "entries that were told")
        numbers = [entry["entry"] for entry in self.entries]
        expect_equal(numbers, list(range(self.start + 1, self.start + 1 + count)), "their numbers")
        return self.entries


def counts(server):
    return told(ask(server, "GET", "/v1/alarms?limit=1"))["counts"]


def branch(server, path=""):
    return {child["name"]: child["alarms"] for child in
            told(ask(server, "GET", f"/v1/tree?path={path}"))["children"]}


def sql(server, text):
    return told(ask(server, "POST", "/v1/sql", json.dumps({"sql": text})))["rows"]


def flood(folder):
    server = Server(f"{folder}/data")
    raw = Raw(server)
    publish(raw, 20)
    rule(server, "hot", kind="high", on="pattern", path="plant/#", limit=80, deadband=2, priority=2)
    wait_for("the rule to stand on all points",
             lambda: told(ask(server, "GET", "/v1/rules/hot"))["points"] == POINTS)
    follower = Follower(server)
    publish(raw, 90)
    entries = follower.take_entries(POINTS)
    expect_equal({entry["event"] for entry in entries}, {"condition holds"}, "what happened")
    expect_equal(len({entry["path"] for entry in entries}), POINTS, "points in alarm")
    expect_equal(counts(server)["unacknowledged"], POINTS, "alarms that nobody acknowledged")
    expect_equal(branch(server), {"plant": {"active": POINTS, "unacknowledged": POINTS, "stale": 0, "priority": 2}},
                 "the alarms of the root")
    expect_equal(branch(server, "plant")["line1"]["active"], POINTS // 4, "the alarms of a line")
    publish(raw, 91)  # nothing new
    done = told(ask(server, "POST", "/v1/alarms-act",
                    json.dumps({"act": "acknowledge", "filter": {"match": "plant/line1/#"}})))
    expect_equal((done["done"], done["passed_over"]), (POINTS // 4, 0), "what the act did")
    follower.take_entries(POINTS + POINTS // 4)
    server.kill()
    server = Server(f"{folder}/data")
    found = counts(server)
    expect_equal((found["active"], found["unacknowledged"]), (POINTS, POINTS * 3 // 4), "the alarms after kill -9")
    wait_for("the branches to be counted again", lambda: branch(server, "plant")["line1"]["active"] == POINTS // 4)
    expect_equal(branch(server, "plant")["line1"]["unacknowledged"], 0, "nobody is wanted for that line")
    expect_equal(sql(server, "select count(*), min(entry), max(entry) from alarm_journal"),
                 [[POINTS + POINTS // 4, 1, POINTS + POINTS // 4]], "the journal of alarms")
    expect_equal(sql(server, "select state, count(*) from alarms group by state order by state"),
                 [["acknowledged", POINTS // 4], ["unacknowledged", POINTS * 3 // 4]], "the alarms by SQL")
    raw = Raw(server)
    publish(raw, 79)  # within the deadband
    expect_equal(counts(server)["active"], POINTS, "alarms within the deadband")
    publish(raw, 70)
    wait_for("all to return", lambda: counts(server)["active"] == 0)
    expect_equal(counts(server)["unacknowledged"], POINTS * 3 // 4, "what returned and nobody acknowledged")


def follow_again(folder):
    """Who comes back behind an entry misses nothing; who asks for a branch gets that branch."""
    server = Server(f"{folder}/data")
    raw = Raw(server)
    publish(raw, 20)
    rule(server, "hot", kind="high", on="pattern", path="plant/+/device1/#", limit=80)
    wait_for("the rule to stand on its points",
             lambda: told(ask(server, "GET", "/v1/rules/hot"))["points"] == METRICS)
    publish(raw, 90)
    again = Follower(server, after=10)
    expect_equal(again.start, 10, "where it goes on")
    again.take_entries(METRICS - 10)
    other = Follower(server, match="plant/line2/#")
    publish(raw, 20)
    again.take_entries(2 * METRICS - 10)
    raw.publish("plant/line2/device2", json.dumps({"m0": 95}))
    other.say(op="unsubscribe", id=7)
    other.take_until("unsubscribed")
    expect_equal(other.entries, [], "entries of another branch")
    again.say(op="alarms", id=8, match="a/#/b")
    expect_equal(again.take_until("error")["code"], "pattern", "what is wrong with a pattern")
    again.say(op="alarms", id=8, after=-1)
    expect_equal(again.take_until("error")["code"], "member", "what is wrong with an entry")
    expect(server.process.poll() is None, "the server works on")


play(flood, follow_again)

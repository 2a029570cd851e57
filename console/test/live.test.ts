/** The live protocol, against a server that does what it is told here, and a clock that stands still. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HELLO_WAIT_MS, LiveClient, type WireEvents } from "../src/live/client";

class World {
  wires: { events: WireEvents; said: Record<string, unknown>[]; closed: boolean }[] = [];
  timers: { ms: number; run: () => void }[] = [];
  changed: string[] = [];
  removed: number[] = [];
  states: string[] = [];
  complete: number[] = [];
  failed: string[] = [];
  alarms: string[] = [];
  client = new LiveClient(
    {
      connect: (events) => {
        const wire = { events, said: [] as Record<string, unknown>[], closed: false };
        this.wires.push(wire);
        return {
          send: (text) => wire.said.push(JSON.parse(text) as Record<string, unknown>),
          close: () => (wire.closed = true),
        };
      },
      after: (ms, run) => {
        const timer = { ms, run };
        this.timers.push(timer);
        return () => (this.timers = this.timers.filter((other) => other !== timer));
      },
      random: () => 0.5,
    },
    {
      state: (state) => this.states.push(state),
      changed: (point) => this.changed.push(`${point.point}=${String(point.value)}`),
      removed: (point) => this.removed.push(point),
      complete: (subscription) => this.complete.push(subscription),
      failed: (code) => this.failed.push(code),
      alarms: (id, entries) =>
        this.alarms.push(`${id}: ${entries.map(({ entry }) => entry).join()}`),
      alarmsTold: (id, told) => this.alarms.push(`${id}: ${told ? "told" : "refused"}`),
    },
    100,
  );
  get wire() {
    return this.wires[this.wires.length - 1] as (typeof this.wires)[number];
  }
  hear(message: object): void {
    this.wire.events.heard(JSON.stringify(message));
  }
  /** The time of the only timer passes. */
  pass(): number {
    assert.equal(this.timers.length, 1);
    const timer = this.timers.pop() as { ms: number; run: () => void };
    timer.run();
    return timer.ms;
  }
  begin(session = "s1"): void {
    this.client.start();
    this.wire.events.opened();
    this.hear({ op: "hello", session, seq: 0, keep_s: 60 });
  }
}

const point = (id: number, value: unknown) => ({
  point: id,
  path: `p/${id}`,
  type: "float64",
  unit: "bar",
  limit_state: "none",
  value,
  quality: "good",
  time: "2026-03-01T08:00:00Z",
});

function watching(): World {
  const world = new World();
  world.client.subscribe(["p/#"]);
  world.begin();
  world.hear({ op: "snapshot", id: 1, seq: 1, last: true, points: [point(1, 1), point(2, 2)] });
  return world;
}

test("hello, then pace and what was subscribed before", () => {
  const world = watching();
  assert.deepEqual(world.wire.said, [
    { op: "pace", ms: 100 },
    { op: "subscribe", id: 1, match: ["p/#"] },
  ]);
  assert.deepEqual(world.states, ["connecting", "live"]);
  assert.deepEqual(world.changed, ["1=1", "2=2"]);
  assert.deepEqual(world.complete, [1]);
  assert.equal(world.timers.length, 0);
  assert.equal(world.client.points.get(1)?.time, Date.UTC(2026, 2, 1, 8));
});

test("deltas: value, time, quality, limit state", () => {
  const world = watching();
  world.hear({
    op: "delta",
    seq: 2,
    skipped: 3,
    values: [
      [1, 1.5, 1000],
      [2, null, 2000, "bad.no_value"],
      [9, 1, 1],
    ],
  });
  assert.deepEqual(world.changed.slice(2), ["1=1.5", "2=null"]);
  assert.equal(world.client.points.get(2)?.quality, "bad.no_value");
  assert.equal(world.client.points.get(1)?.time, 1000);
  assert.equal(world.client.skipped, 3);
  world.hear({ op: "delta", seq: 3, values: [[1, 99, 3000, "good", "high"]] });
  assert.equal(world.client.points.get(1)?.limitState, "high");
  world.hear({ op: "delta", seq: 4, values: [[1, 20, 4000]] });
  assert.equal(world.client.points.get(1)?.limitState, "normal");
  assert.equal(world.client.points.get(2)?.limitState, "none");
});

test("points come, change and go", () => {
  const world = watching();
  world.hear({ op: "added", id: 1, seq: 2, points: [point(3, 3)] });
  world.hear({ op: "changed", seq: 3, points: [{ ...point(3, 3), unit: "kPa" }, point(8, 8)] });
  assert.equal(world.client.points.get(3)?.unit, "kPa");
  assert.equal(world.client.points.has(8), false);
  world.hear({ op: "removed", seq: 4, points: [3, 77] });
  assert.deepEqual(world.removed, [3]);
});

test("a lost connection resumes with the last number, and goes on", () => {
  const world = watching();
  world.wire.events.closed();
  assert.deepEqual(world.states, ["connecting", "live", "waiting"]);
  assert.equal(world.pass(), 250);
  world.wire.events.opened();
  assert.deepEqual(world.wire.said, [{ op: "resume", session: "s1", seq: 1 }]);
  world.hear({ op: "hello", session: "s2", seq: 0, keep_s: 60 });
  assert.equal(world.client.state, "connecting");
  world.hear({ op: "resumed", seq: 1 });
  world.hear({ op: "delta", seq: 2, skipped: 0, values: [[1, 7, 1000]] });
  assert.equal(world.client.state, "live");
  assert.equal(world.client.points.get(1)?.value, 7);
  assert.equal(world.wire.said.length, 1);
});

test("what was subscribed and unsubscribed meanwhile is told after the resume", () => {
  const world = watching();
  world.wire.events.closed();
  const id = world.client.subscribe(["q"]);
  world.client.unsubscribe(1);
  world.pass();
  world.wire.events.opened();
  world.hear({ op: "hello", session: "s2", seq: 0 });
  world.hear({ op: "resumed", seq: 1 });
  assert.deepEqual(world.wire.said.slice(1), [
    { op: "unsubscribe", id: 1 },
    { op: "subscribe", id, match: ["q"] },
  ]);
});

test("a session that is gone: all is asked for anew, and what vanished meanwhile is told", () => {
  const world = watching();
  world.wire.events.closed();
  world.pass();
  world.wire.events.opened();
  world.hear({ op: "hello", session: "s2", seq: 0 });
  world.hear({ op: "gone", detail: "" });
  assert.deepEqual(world.wire.said.slice(1), [
    { op: "pace", ms: 100 },
    { op: "subscribe", id: 1, match: ["p/#"] },
  ]);
  world.hear({ op: "snapshot", id: 1, seq: 1, last: false, points: [point(2, 22)] });
  assert.deepEqual(world.removed, []);
  world.hear({ op: "snapshot", id: 1, seq: 2, last: true, points: [point(3, 3)] });
  assert.deepEqual(world.removed, [1]);
  // The session to come back to is the new one now.
  world.wire.events.closed();
  world.pass();
  world.wire.events.opened();
  assert.deepEqual(world.wire.said, [{ op: "resume", session: "s2", seq: 2 }]);
});

test("a missing number: nothing is trusted, a new session begins", () => {
  const world = watching();
  world.hear({ op: "delta", seq: 3, values: [[1, 5, 1]] });
  assert.equal(world.client.points.get(1)?.value, 1);
  assert.equal(world.wire.closed, true);
  world.pass();
  world.wire.events.opened();
  assert.deepEqual(world.wire.said, []);
  world.hear({ op: "hello", session: "s2", seq: 0 });
  assert.deepEqual(world.wire.said[1], { op: "subscribe", id: 1, match: ["p/#"] });
});

test("a message that is none: the same", () => {
  const world = watching();
  world.wire.events.heard("{");
  assert.equal(world.client.state, "waiting");
  assert.equal(world.wire.closed, true);
});

test("the waits grow to fifteen seconds, and begin anew after a success", () => {
  const world = new World();
  world.client.start();
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    world.wire.events.closed();
    waits.push(world.pass());
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 15000, 15000]);
  world.wire.events.opened();
  world.hear({ op: "hello", session: "s", seq: 0 });
  world.wire.events.closed();
  assert.equal(world.pass(), 250);
});

test("a server that says nothing is given up", () => {
  const world = new World();
  world.client.start();
  world.wire.events.opened();
  assert.equal(world.pass(), HELLO_WAIT_MS);
  assert.equal(world.client.state, "waiting");
  assert.equal(world.wire.closed, true);
});

test("hurry ends the wait; suspect ends a connection that may be dead", () => {
  const world = watching();
  world.client.suspect();
  assert.equal(world.client.state, "waiting");
  world.client.hurry();
  assert.equal(world.client.state, "connecting");
  assert.equal(world.wires.length, 2);
  world.client.hurry();
  assert.equal(world.wires.length, 2);
});

test("what an old connection still says is not heard", () => {
  const world = watching();
  const old = world.wire;
  old.events.closed();
  world.pass();
  old.events.heard(JSON.stringify({ op: "delta", seq: 2, values: [[1, 5, 1]] }));
  old.events.closed();
  assert.equal(world.client.points.get(1)?.value, 1);
  assert.equal(world.client.state, "connecting");
});

test("unsubscribing forgets points that no other subscription holds", () => {
  const world = watching();
  const second = world.client.subscribe(["p/1"]);
  world.hear({ op: "snapshot", id: second, seq: 2, last: true, points: [point(1, 1)] });
  world.client.unsubscribe(1);
  assert.deepEqual([...world.client.points.keys()], [1]);
  world.client.unsubscribe(second);
  assert.equal(world.client.points.size, 0);
});

test("errors are told and end nothing", () => {
  const world = watching();
  world.hear({ op: "error", code: "live_points", detail: "too many" });
  assert.deepEqual(world.failed, ["live_points"]);
  assert.equal(world.client.state, "live");
});

test("stopped, nothing brings it back but a start, and that with a new session", () => {
  const world = watching();
  world.client.stop();
  assert.equal(world.client.state, "waiting");
  assert.equal(world.wire.closed, true);
  assert.equal(world.timers.length, 0);
  world.client.hurry();
  world.wire.events.closed();
  assert.equal(world.wires.length, 1);
  world.begin("s2");
  assert.equal(world.wires.length, 2);
  assert.equal(world.client.state, "live");
  assert.deepEqual(world.wire.said[1], { op: "subscribe", id: 1, match: ["p/#"] });
});

test("alarms are followed, and what was missed is said", () => {
  const world = new World();
  const id = world.client.subscribeAlarms("plant/#");
  world.begin();
  assert.deepEqual(world.wire.said.at(-1), { op: "alarms", id, match: "plant/#" });
  world.hear({ op: "following", id, entry: 7 });
  world.hear({ op: "alarms", id, seq: 1, entries: [{ entry: 8 }, { entry: 9 }] });
  world.hear({ op: "alarms", id, seq: 2, entries: [{ entry: 20 }], missed: true });
  world.hear({ op: "alarms", id: 99, seq: 3, entries: [{ entry: 21 }] });
  assert.deepEqual(world.alarms, [`${id}: told`, `${id}: 8,9`, `${id}: 20`, `${id}: told`]);
  // A session that goes on has it; a new one is asked anew.
  world.wire.events.closed();
  world.pass();
  world.wire.events.opened();
  world.hear({ op: "hello", session: "s2", seq: 0, keep_s: 60 });
  world.hear({ op: "resumed", seq: 3 });
  assert.ok(!world.wire.said.some(({ op }) => op === "alarms"));
  world.wire.events.closed();
  world.pass();
  world.wire.events.opened();
  world.hear({ op: "hello", session: "s3", seq: 0, keep_s: 60 });
  world.hear({ op: "gone" });
  assert.deepEqual(world.wire.said.at(-1), { op: "alarms", id, match: "plant/#" });
  world.client.unsubscribeAlarms(id);
  assert.deepEqual(world.wire.said.at(-1), { op: "unsubscribe", id });
});

test("a server that does not tell alarms is asked once a session, and it is no fault", () => {
  const world = new World();
  const id = world.client.subscribeAlarms(null);
  world.begin();
  world.hear({ op: "error", id, code: "op", detail: "no op" });
  assert.deepEqual(world.alarms, [`${id}: refused`]);
  assert.deepEqual(world.failed, []);
  world.wire.events.closed();
  world.pass();
  world.wire.events.opened();
  world.hear({ op: "hello", session: "s2", seq: 0, keep_s: 60 });
  world.hear({ op: "resumed", seq: 0 });
  assert.ok(!world.wire.said.some(({ op }) => op === "alarms"));
});

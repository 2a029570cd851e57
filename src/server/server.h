/* server: the doors. Listeners and connections on one side, the engine on the other, one thread.
 *
 * Three doors: MQTT, HTTP (which hands connections of MQTT over WebSocket to the first), and the
 * control door. Each has its own epoll, budget of memory, limit of connections and counts. Several
 * listeners lead to one: in clear, by TLS, and for HTTP a Unix stream socket DIR/owner.sock (mode
 * 0600), where whoever asks is the owner of the folder and may all.
 *
 * Guarantees: PUBACK leaves after engine_durable_ticket covers its message, in the order the
 * messages came; what a client can make us hold is bounded by settings and the table in
 * docs/limits.md; a round reads a bounded piece of each door, so that none starves another; while
 * the engine says wait, HTTP that only reads is served. Knows the wire rooms and the engine;
 * nothing of the disk.
 *
 * The control door: a Unix stream socket DIR/control.sock (mode 0600), one JSON object a line each
 * way, for the terminal verbs of the same user:
 *   {"ask":"state"}                                    counters, rates, journal, damage, limits
 *   {"ask":"points","match":"a/+/#","after":0,"most":50}  points in order of id (at most 1,000,
 *                                                      at most 20,000 looked at); "next" is the
 *                                                      "after" to go on with, null at the end
 *   {"ask":"point","path":"a/b"}                       one point, whole
 *   {"ask":"refused"}                                  last refusals
 *   {"ask":"clients","match":"press-*","after":0,"most":50}  connected clients, and sessions whose
 *                                                      client is away, by a glob on the client id;
 *                                                      bounds and "next" as of points
 *   {"ask":"retained","match":"a/+/#","after":0,"most":50}  retained messages, by a topic filter
 *                                                      the same bounds, and 8 MiB looked at
 *   {"command":"create|change|rename|retire","path":..,"new_path":..,"type":..,"unit":..,
 *    "description":..,"labels":{..},"limits":{"high":1},"key":..|"client":..,"sequence":..}
 *                                                      answered when its outcome is durable
 *   {"ask":"snapshot"}                                 begins one
 * An outcome: {"outcome":"done","first":"done","text":..,"point":7,"position":123}.
 *
 * A client: {"id","peer" (null: away),"version":"3.1|3.1.1|5","kept","expiry_s" (null: never),
 * "subscriptions","queued" (of a kept session with those in flight),"queued_bytes","in_flight",
 * "dropped","connected_s","away_s" (one of both is null)}. A retained message: {"topic","qos",
 * "bytes","expires_s" (null: never),"payload" (null: no text),"payload_cut" (true: these are its
 * first 256 bytes)}. Both lists are in no order, and who comes or goes between two questions may be
 * told twice or not at all; "count" beside them is how many there are, whether they match or not.
 *
 * Points, refusals, clients and retained messages are those of the tenant main; "tenant":N asks for
 * those of another by its number, "tenant":0 for all, and then "tenant" stands in each.
 *
 * One question after the other on a connection; answers come in that order.
 * Errors: {"error":"what was wanted, what was found, what to do"}. */
#pragma once

#include "base/base.h"
#include "journal/journal.h"
#include "settings/settings.h"

struct server_config {
    struct settings settings;
    /* Reads file, environment and options anew for SIGHUP; writes a fault sentence on failure. */
    enum err (*reload)(void *arg, struct settings *ret_settings, char *fault);
    void *reload_arg;
    enum journal_sabotage sabotage; /* NONE outside of tests */
};
/* Runs in the foreground until SIGTERM or SIGINT; returns the process's exit code. Logs to stderr,
 * prints a line with the word "ready" there once it listens. */
int server_run(const struct server_config *config);
#define SERVER_CONTROL_NAME "control.sock"
#define SERVER_OWNER_NAME "owner.sock" /* HTTP, for whoever may read and write the folder */

"""What openapi_test asks the routes of channels, rosters, routes and deliveries."""


def notices_ask(asked):
    """Who is told of alarms."""
    duty = {"kind": "webhook", "url": "http://127.0.0.1:1/in", "secret": "whsec_c2VjcmV0IG9mIGl0", "gather": "0s",
            "language": "zh", "quiet": [{"from": "22:00", "to": "06:00", "days": "mon-fri", "utc_offset": "+08:00",
                                         "but_priority": 2}]}
    crew = {"members": [{"name": "ann", "channels": ["duty"]}], "utc_offset": "-05:00",
            "shifts": [{"member": "ann", "days": "sat,sun", "from": "08:00", "to": "20:00"}],
            "steps": [{"after": "0s", "to": "on call"}, {"after": "5m", "to": "ann"}, {"after": "10m", "to": "next"}]}
    asked.ask("putChannel", "PUT", "/v1/channels/duty", duty, 200, headers=[("Idempotency-Key", "notices-1")])
    asked.ask("putChannel", "PUT", "/v1/channels/duty", {**duty, "url": "ftp://x"}, 422)
    asked.ask("putChannel", "PUT", "/v1/channels/duty", {**duty, "secret": "whsec_*"}, 422)
    asked.ask("putChannel", "PUT", "/v1/channels/duty", {**duty, "quiet": [{"from": "25:00"}]}, 422)
    asked.ask("putChannel", "PUT", "/v1/channels/duty", {"kind": "browser"}, 422)
    asked.ask("listChannels", "GET", "/v1/channels?limit=1", None, 200)
    asked.ask("getChannel", "GET", "/v1/channels/duty", None, 200)
    asked.ask("getChannel", "GET", "/v1/channels/never", None, 404)
    asked.ask("testChannel", "POST", "/v1/channel-test/duty", None, 200)
    asked.ask("testChannel", "POST", "/v1/channel-test/never", None, 404)
    asked.ask("listDeliveries", "GET", "/v1/deliveries?channel=duty&limit=10", None, 200)
    asked.ask("listDeliveries", "GET", "/v1/deliveries?channel=never", None, 404)
    asked.ask("listDeliveries", "GET", "/v1/deliveries?state=lost", None, 400)
    asked.ask("putRoster", "PUT", "/v1/rosters/crew", crew, 200)
    asked.ask("putRoster", "PUT", "/v1/rosters/crew", {**crew, "steps": []}, 422)
    asked.ask("putRoster", "PUT", "/v1/rosters/crew", {**crew, "members": [{"name": "ann", "channels": ["never"]}],
                                                       "shifts": []}, 404)
    asked.ask("listRosters", "GET", "/v1/rosters", None, 200)
    asked.ask("getRoster", "GET", "/v1/rosters/crew?at=2026-01-05T12:00:00Z", None, 200)
    asked.ask("getRoster", "GET", "/v1/rosters/never", None, 404)
    asked.ask("putNoticeRoute", "PUT", "/v1/routes/all", {"match": "plant/#", "priority": 3, "returned": True, "to": {"roster": "crew"}}, 200)
    asked.ask("putNoticeRoute", "PUT", "/v1/routes/one", {"to": {"channel": "duty"}}, 200)
    asked.ask("putNoticeRoute", "PUT", "/v1/routes/one", {"to": {"channel": "duty", "roster": "crew"}}, 422)
    asked.ask("putNoticeRoute", "PUT", "/v1/routes/one", {"to": {"roster": "never"}}, 404)
    asked.ask("listNoticeRoutes", "GET", "/v1/routes", None, 200)
    asked.ask("getNoticeRoute", "GET", "/v1/routes/all", None, 200)
    asked.ask("getNoticeRoute", "GET", "/v1/routes/never", None, 404)
    asked.ask("removeChannel", "DELETE", "/v1/channels/duty", None, 409)
    asked.ask("removeRoster", "DELETE", "/v1/rosters/crew", None, 409)
    for name in ("all", "one"):
        asked.ask("removeNoticeRoute", "DELETE", f"/v1/routes/{name}", None, 200)
    asked.ask("removeNoticeRoute", "DELETE", "/v1/routes/all", None, 404)
    asked.ask("removeRoster", "DELETE", "/v1/rosters/crew", None, 200)
    asked.ask("removeChannel", "DELETE", "/v1/channels/duty", None, 200)
    asked.ask("removeChannel", "DELETE", "/v1/channels/duty", None, 404)

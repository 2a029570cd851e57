"""Who may what, route by route: two tenants with the same paths, and for each operation of the OpenAPI
document what every kind of account is answered. An operation that is not in the table fails, so does
one of the table that is gone.

    .  allowed: any answer but 401, 403 and 404     F  forbidden: 403, he sees it and may not
    H  hidden: 404, as if it were not there         U  nobody: 401, who asks is not known

Every answer is searched for words that stand in paths of the other tenant, or of branches that the
asker does not see, and nowhere else."""

import json
import time

from house import (CONNACK, PUBACK, Raw, Server, connect_packet, expect, expect_equal, note, play, publish_packet,
                   wait_for)
from people import housed
from web import WebSocket, ask as ask_plain

# Accounts of the tenant acme, but for the last three: nobody, an administrator of the tenant bolt, and
# who runs the server. `part` is an engineer whose rights end at north/#.
ROLES = ("nobody", "viewer", "operator", "engineer", "administrator", "auditor", "device", "part", "rival", "host")
# Words of paths, and who of these may hear them.
NORTH, SOUTH, BOLT = "zephyr", "quasar", "obsidian"
HEARS = {NORTH: ("viewer", "operator", "engineer", "administrator", "auditor", "part"),
         SOUTH: ("viewer", "operator", "engineer", "administrator", "auditor"),
         BOLT: ("rival",)}
POINT = f"north/{NORTH}/temp"

# operationId: (verb, path, body, nobody viewer operator engineer administrator auditor device part rival host)
# {role} is the asker's role, so that each has things of his own to make and to remove; `acme=` names
# the tenant where a route takes one.
TABLE = {}


def row(operation, wanted, verb, path, body=None, media="application/json", prepare=()):
    wanted = wanted.split()
    assert len(wanted) == len(ROLES), operation
    TABLE.setdefault(operation, []).append((verb, path, body, media, dict(zip(ROLES, wanted)), prepare))


def mine(path, **more):
    """Preparation: acme's administrator makes this point for the asker."""
    return ("POST", "/v1/points", {"path": path, **more})


# ---- points, samples, questions: the paths decide
#                         nobody viewer operator engineer administrator auditor device part rival host
row("getPoint",           "U . . . . . H . H H", "GET", f"/v1/points/{POINT}")
row("getPoint",           "U . . . . . H H H H", "GET", f"/v1/points/south/{SOUTH}/recipe")
row("getPoint",           "U H H H H H H H H H", "GET", "/v1/points/@bolt/east/x")
row("listPoints",         "U . . . . . . . . .", "GET", "/v1/points?whole=true")
row("listPoints",         "U . . . . . . . . .", "GET", "/v1/points?match=@bolt/%23")
row("createPoint",        "U F F . . F H . . .", "POST", "/v1/points", {"path": "north/{role}-new"})
row("createPoint",        "U F F . . F H H . .", "POST", "/v1/points", {"path": "south/{role}-new"})
row("changePoint",        "U F F . . F H . H H", "PATCH", f"/v1/points/{POINT}", {"unit": "K"})
row("retirePoint",        "U F F . . F H . H H", "DELETE", "/v1/points/north/{role}-old",
    prepare=(mine("north/{role}-old"),))
row("retirePoint",        "U F F . . F H H H H", "DELETE", "/v1/points/south/{role}-old",
    prepare=(mine("south/{role}-old"),))
row("postCommands",       "U F F . . F H . . .", "POST", "/v1/commands",
    {"command": "create", "path": "north/{role}-command"})
row("getTree",            "U . . . . . . . . .", "GET", "/v1/tree?values=true")
row("getTree",            "U . . . . . H H H H", "GET", f"/v1/tree?path=south/{SOUTH}")
row("postSamples",        "U F . . . F F . . .", "POST", "/v1/samples", {"path": "north/{role}-sample", "value": 1})
row("postSamples",        "U F . . . F F F . .", "POST", "/v1/samples", {"path": "south/{role}-sample", "value": 1})
row("postWrite",          "U F . . . F F F . .", "POST", "/write", b"{role}-cpu value=1\n", "text/plain")
row("postWriteV2",        "U F . . . F F F . .", "POST", "/api/v2/write", b"{role}-disk value=1\n", "text/plain")
for name, path, verb in (("getSamples", "samples", "GET"), ("getBuckets", "buckets", "GET"), ("getTrend", "trend", "GET"),
                         ("getLast", "last", "GET"), ("querySamples", "samples/query", "POST"),
                         ("queryBuckets", "buckets", "POST"), ("queryTrend", "trend", "POST"),
                         ("queryLast", "last", "POST")):
    more = {"count": 3} if path == "buckets" else {}
    if verb == "GET":
        more = "&count=3" if more else "&from=2020-01-01" if path != "last" else ""
        row(name, "U . . . . . . . . .", verb, f"/v1/{path}?match=%23{more}")
    else:
        row(name, "U . . . . . . . . .", verb, f"/v1/{path}", {"match": ["#"], **more})
row("postSql",            "U . . . . . . . . .", "POST", "/v1/sql", {"sql": "select path from points"})
row("getSqlSchema",       "U . . . . . . . . .", "GET", "/v1/sql/schema")
row("openLive",           "U . . . . . . . . .", "GET", "/v1/live")
row("streamEvents",       "U . . . . . H . . .", "HEAD", f"/v1/events?match=north/{NORTH}/%23")
row("streamEvents",       "U . . . . . H H . .", "HEAD", f"/v1/events?match=south/{SOUTH}/%23")
row("streamEvents",       "U H H H H H H H . H", "HEAD", "/v1/events?match=@bolt/%23")
row("openMqtt",           ". . . . . . . . . .", "GET", "/mqtt")

# ---- what is kept and said: who sees anything that a pattern reaches is shown its policy
row("listPolicies",       "U . . . . . . . . .", "GET", "/v1/policies")
row("putPolicy",          "U F F . . F F . . .", "PUT", "/v1/policies/{role}-policy", {"match": "north/#"})
row("getPolicy",          "U . . . . . H . H H", "GET", "/v1/policies/north",
    prepare=(("PUT", "/v1/policies/north", {"match": "north/#"}),))
row("movePolicy",         "U F F . . F H . H H", "PATCH", "/v1/policies/north", {"rank": 1})
row("removePolicy",       "U F F . . F H . H H", "DELETE", "/v1/policies/{role}-gone",
    prepare=(("PUT", "/v1/policies/{role}-gone", {"match": "north/#"}),))
row("eraseSamples",       "U F F F . F H F H H", "POST", "/v1/erasures",
    {"path": POINT, "from": "2020-01-01", "to": "2020-01-02", "reason": "a test"})
row("listErasures",       "U . . . . . . . . .", "GET", "/v1/erasures")
row("correctSample",      "U F F . . F H . H H", "POST", "/v1/corrections",
    {"path": POINT, "time": "2026-03-01T08:00:00Z", "value": 3, "reason": "a test"})
row("listCorrections",    "U . . . . . . . . .", "GET", "/v1/corrections")
row("annotatePoint",      "U F . . . F H . H H", "POST", "/v1/annotations", {"path": POINT, "text": "said by {role}"})
row("listAnnotations",    "U . . . . . . . . .", "GET", "/v1/annotations")
row("removeAnnotation",   "U H H H H H H H H H", "DELETE", "/v1/annotations/4000000")

# ---- who is told of alarms: names and how they are for who sees anything; changed by who configures all
for operation, path in (("listChannels", "channels"), ("listRosters", "rosters"), ("listNoticeRoutes", "routes"),
                        ("listDeliveries", "deliveries")):
    row(operation,        "U . . . . . . . . .", "GET", f"/v1/{path}")
row("putChannel",         "U F F . . F F F . .", "PUT", "/v1/channels/{role}-way", {"kind": "browser"})
row("getChannel",         "U . . . . . . . H H", "GET", "/v1/channels/way",
    prepare=(("PUT", "/v1/channels/way", {"kind": "browser"}),))
row("testChannel",        "U F F . . F F F H H", "POST", "/v1/channel-test/way")
row("putRoster",          "U F F . . F F F H H", "PUT", "/v1/rosters/{role}-crew",
    {"members": [{"name": "eve", "channels": ["way"]}], "steps": [{"to": "on call"}]})
row("getRoster",          "U . . . . . . . H H", "GET", "/v1/rosters/crew",
    prepare=(("PUT", "/v1/rosters/crew", {"members": [{"name": "eve", "channels": ["way"]}], "steps": [{}]}),))
row("putNoticeRoute",     "U F F . . F F F H H", "PUT", "/v1/routes/{role}-all", {"to": {"roster": "crew"}})
row("getNoticeRoute",     "U . . . . . . . H H", "GET", "/v1/routes/all",
    prepare=(("PUT", "/v1/routes/all", {"to": {"roster": "crew"}}),))
row("removeNoticeRoute",  "U F F . . F F F H H", "DELETE", "/v1/routes/{role}-gone",
    prepare=(("PUT", "/v1/routes/{role}-gone", {"to": {"roster": "crew"}}),))
row("removeRoster",       "U F F . . F F F H H", "DELETE", "/v1/rosters/{role}-gone",
    prepare=(("PUT", "/v1/rosters/{role}-gone", {"members": [{"name": "eve", "channels": ["way"]}], "steps": [{}]}),))
row("removeChannel",      "U F F . . F F F H H", "DELETE", "/v1/channels/{role}-gone",
    prepare=(("PUT", "/v1/channels/{role}-gone", {"kind": "browser"}),))

# ---- assets and alarms: the branch decides; types are the whole tenant's
row("listAssetTypes",     "U . . . . . . . . .", "GET", "/v1/types")
row("getAssetType",       "U . . . . . . . H H", "GET", "/v1/types/pump",
    prepare=(("PUT", "/v1/types/pump", {"metrics": [{"name": "temp"}]}),))
row("putAssetType",       "U F F . . F F F . .", "PUT", "/v1/types/{role}-type", {})
row("removeAssetType",    "U F F . . F F F H H", "DELETE", "/v1/types/{role}-gone",
    prepare=(("PUT", "/v1/types/{role}-gone", {}),))
row("listDocuments",      "U . . . . . . . . .", "GET", "/v1/documents")
row("getDocument",        "U . . . . . H . H H", "GET", "/v1/documents/north-book",
    prepare=(("PUT", f"/v1/documents/north-book?attach=branch:north/{NORTH}", "text", "text/plain"),))
row("getDocumentContent", "U . . . . . H H H H", "GET", "/v1/document-content/south-book",
    prepare=(("PUT", f"/v1/documents/south-book?attach=branch:south/{SOUTH}", "text", "text/plain"),))
row("putDocument",        "U F F . . F F . . .", "PUT", "/v1/documents/{role}-put?attach=branch:north/{role}", "text",
    media="text/plain")
row("changeDocument",     "U F F . . F H H H H", "PATCH", "/v1/documents/{role}-south", {"title": "x"},
    prepare=(("PUT", "/v1/documents/{role}-south?attach=branch:south/{role}", "text", "text/plain"),))
row("removeDocument",     "U F F . . F H H H H", "DELETE", "/v1/documents/{role}-gone",
    prepare=(("PUT", "/v1/documents/{role}-gone?attach=branch:south/{role}", "text", "text/plain"),))
row("listBoards",         "U . . . . . . . . .", "GET", "/v1/boards")
row("putBoard",           "U . . . . . . . . .", "PUT", "/v1/boards/{role}-own", {"widgets": []})
row("putBoard",           "U F F . . F F F . .", "PUT", "/v1/boards/{role}-shared", {"widgets": [], "shared": True})
row("getBoard",           "U H H H . H H H H H", "GET", "/v1/boards/secret", prepare=(("PUT", "/v1/boards/secret", {"widgets": []}),))
row("removeBoard",        "U F F . . F F F H H", "DELETE", "/v1/boards/{role}-ours",
    prepare=(("PUT", "/v1/boards/{role}-ours", {"widgets": [], "shared": True}),))
row("putAsset",           "U F F . . F H . . .", "PUT", "/v1/assets/{role}-asset", {"branch": "north/{role}"})
row("putAsset",           "U F F . . F H H . .", "PUT", "/v1/assets/{role}-asset-2", {"branch": "south/{role}"})
row("getAsset",           "U . . . . . H . H H", "GET", f"/v1/assets/north-{NORTH}",
    prepare=(("PUT", f"/v1/assets/north-{NORTH}", {"type": "pump", "branch": f"north/{NORTH}"}),))
row("getAsset",           "U . . . . . H H H H", "GET", f"/v1/assets/south-{SOUTH}",
    prepare=(("PUT", f"/v1/assets/south-{SOUTH}", {"branch": f"south/{SOUTH}"}),))
row("listAssets",         "U . . . . . . . . .", "GET", "/v1/assets")
row("changeAsset",        "U F F . . F H . H H", "PATCH", f"/v1/assets/north-{NORTH}", {"title": "x"})
row("changeAsset",        "U F F . . F H H H H", "PATCH", f"/v1/assets/south-{SOUTH}", {"title": "x"})
row("retireAsset",        "U F F . . F H . H H", "DELETE", "/v1/assets/{role}-old",
    prepare=(("PUT", "/v1/assets/{role}-old", {"branch": "north/{role}"}),))
row("listAssetVersions",  "U . . . . . H . H H", "GET", f"/v1/asset-versions/north-{NORTH}")
row("getAssetTree",       "U . . . . . . . . .", "GET", "/v1/asset-tree")
row("importAssets",       "U . . . . . . . . .", "POST", "/v1/assets-import",
    {"assets": [{"path": "{role}-imported", "branch": "north/{role}"}]})
row("exportAssets",       "U . . . . . . . . .", "GET", "/v1/assets-export")
row("listInbox",          "U . . . . . . . . .", "GET", "/v1/inbox")
row("adoptInbox",         "U . . . . . . . H H", "POST", "/v1/inbox-adopt", {"prefix": "north/never", "type": "pump"})
row("getMap",             "U . . . . . . . . .", "GET", "/v1/map")
row("putRule",            "U F F . . F H . . .", "PUT", "/v1/rules/{role}-rule",
    {"kind": "high", "path": "north/boiler/temp", "limit": 1000})
row("putRule",            "U F F . . F H H . .", "PUT", "/v1/rules/{role}-rule-2",
    {"kind": "high", "path": "south/x", "limit": 1000})
row("putRule",            "U F F . . F F F . .", "PUT", "/v1/rules/{role}-rule-3",
    {"kind": "high", "path": "#", "limit": 1000})
row("getRule",            "U . . . . . H . H H", "GET", "/v1/rules/hot",
    prepare=(("PUT", "/v1/rules/hot", {"kind": "high", "path": POINT, "limit": 0.5}),))
row("getRule",            "U . . . . . H H H H", "GET", "/v1/rules/hot-south",
    prepare=(("PUT", "/v1/rules/hot-south", {"kind": "high", "path": f"south/{SOUTH}/recipe", "limit": 0.5}),))
row("listRules",          "U . . . . . . . . .", "GET", "/v1/rules")
row("removeRule",         "U F F . . F H . H H", "DELETE", "/v1/rules/{role}-gone",
    prepare=(("PUT", "/v1/rules/{role}-gone", {"kind": "high", "path": "north/boiler/temp", "limit": 1000}),))
row("previewRule",        "U . . . . . H . H H", "POST", "/v1/rules-preview",
    {"kind": "high", "path": POINT, "limit": 0.5, "from": "2026-01-01", "to": "2026-04-01"})
row("listAlarms",         "U . . . . . . . . .", "GET", "/v1/alarms")
row("listAlarms",         "U . . . . . . . . .", "GET", "/v1/alarms?match=@bolt/%23")
row("getAlarm",           "U H H H H H H H H H", "GET", "/v1/alarms/4000000")
row("actOnAlarms",        "U . . . . . . . . .", "POST", "/v1/alarms-act",
    {"act": "comment", "comment": "said by {role}", "filter": {"match": "north/#"}})
row("actOnAlarms",        "U F . . . F H . H H", "POST", "/v1/alarms-act",
    {"act": "remove_from_service", "rule": "hot", "path": POINT})
row("listAlarmJournal",   "U . . . . . . . . .", "GET", "/v1/alarm-journal")
row("getAlarmStatistics", "U . . . . . . . . .", "GET", "/v1/alarm-statistics")
row("listHandovers",      "U . . . . . . . . .", "GET", "/v1/handovers")
row("addHandover",        "U F . . . F H . . .", "POST", "/v1/handovers", {"branch": "north", "text": "said by {role}"})
row("addHandover",        "U F . . . F F F . .", "POST", "/v1/handovers", {"text": "said by {role}"})

# ---- the tenant's own: administrators, and auditors who change nothing
for operation, path in (("listUsers", "users"), ("listRoles", "roles"), ("getQuota", "quota")):
    row(operation,        "U F F F . . F F H .", "GET", f"/v1/{path}?tenant=acme")
    row(operation,        "U F F F . . F F . .", "GET", f"/v1/{path}")
row("listTokens",         "U . . . . . . . H .", "GET", "/v1/tokens?tenant=acme")
row("makeToken",          "U F F F . F F F H .", "POST", "/v1/tokens?tenant=acme",
    {"name": "{role}-token", "grants": []})
row("removeToken",        "U H H H . F H H H .", "DELETE", "/v1/tokens/{role}-gone?tenant=acme",
    prepare=(("POST", "/v1/tokens", {"name": "{role}-gone", "grants": []}),))
row("makeUser",           "U F F F . F F F H .", "POST", "/v1/users?tenant=acme", {"name": "{role}-user"})
row("getUser",            "U F F F . . F F H .", "GET", "/v1/users/eve?tenant=acme",
    prepare=(("POST", "/v1/users", {"name": "eve"}),))
row("changeUser",         "U F F F . F F F H .", "PATCH", "/v1/users/eve?tenant=acme", {"title": "Eve"})
row("inviteUser",         "U F F F . F F F H .", "POST", "/v1/users/eve/invitation?tenant=acme")
row("resetUser",          "U F F F . F F F H .", "POST", "/v1/users/eve/reset?tenant=acme", {})
row("removeUser",         "U F F F . F F F H .", "DELETE", "/v1/users/{role}-gone?tenant=acme",
    prepare=(("POST", "/v1/users", {"name": "{role}-gone"}),))
row("putRole",            "U F F F . F F F H .", "PUT", "/v1/roles/{role}-role?tenant=acme",
    {"rights": [{"pattern": "north/#", "rights": ["see"]}]})
row("removeRole",         "U F F F . F F F H .", "DELETE", "/v1/roles/{role}-gone?tenant=acme",
    prepare=(("PUT", "/v1/roles/{role}-gone", {"rights": [{"pattern": "north/#", "rights": ["see"]}]}),))
for operation, path in (("listDevices", "devices"), ("listClaims", "claims"), ("listShares", "shares")):
    row(operation,        "U F F F . . F F H .", "GET", f"/v1/{path}?tenant=acme")
row("makeDevice",         "U F F F . F F F H .", "POST", "/v1/devices?tenant=acme", {"name": "{role}-device"})
row("changeDevice",       "U F F F . F F F H .", "PATCH", "/v1/devices/eye?tenant=acme", {"title": "an eye"},
    prepare=(("POST", "/v1/devices", {"name": "eye"}),))
row("renewDeviceToken",   "U F F F . F F F H .", "POST", "/v1/devices/eye/token?tenant=acme")
row("removeDevice",       "U F F F . F F F H .", "DELETE", "/v1/devices/{role}-gone?tenant=acme",
    prepare=(("POST", "/v1/devices", {"name": "{role}-gone"}),))
row("makeClaim",          "U F F F . F F F H .", "POST", "/v1/claims?tenant=acme", {"name": "{role}-claim"})
row("removeClaim",        "U F F F . F F F H .", "DELETE", "/v1/claims/{role}-gone?tenant=acme",
    prepare=(("POST", "/v1/claims", {"name": "{role}-gone"}),))
row("offerShare",         "U F F F . F F F H .", "POST", "/v1/shares?tenant=acme",
    {"to": "bolt", "patterns": ["offered/#"]})
row("acceptShare",        "U F F F H F F F H H", "PUT", "/v1/shares/4000000/accept?tenant=acme")
row("endShare",           "U F F F H F F F H H", "DELETE", "/v1/shares/4000000?tenant=acme")
for operation, path in (("listAudit", "audit"), ("exportAudit", "audit/export"), ("verifyAudit", "audit/verify")):
    row(operation,        "U F F F . . F F . .", "GET", f"/v1/{path}")
row("getWhy",             "U . . . . . . . . .", "GET", f"/v1/why?right=see&path={POINT}")
row("getWhy",             "U H H H . . H H H H", "GET", f"/v1/why?right=see&path={POINT}&user=eve")
row("makeDevices",        "U F F F . F F F H .", "POST", "/v1/devices/bulk?tenant=acme", b"name\n{role}-bulk\n",
    "text/csv")
row("listProviders",      "U F F F . . F F H .", "GET", "/v1/providers?tenant=acme")
row("putProvider",        "U F F F . F F F H .", "PUT", "/v1/providers/{role}-idp?tenant=acme", {})
row("removeProvider",     "U F F F H F F F H H", "DELETE", "/v1/providers/never?tenant=acme")
row("listRefused",        "U F F F . . F F . .", "GET", "/v1/refused")
row("listClients",        "U F F F . . F F . .", "GET", "/v1/clients")
row("listRetained",       "U . . . . . . . . .", "GET", "/v1/retained")
row("listTopics",         "U F F F . . F F . .", "GET", "/v1/topics")
row("tryTopics",          "U F F F . F F F . .", "POST", "/v1/topics/dry-run", {})

# ---- the server's own
for operation, path in (("getState", "/v1/state"), ("listSettings", "/v1/settings"), ("getMetrics", "/metrics"),
                        ("getHistory", "/v1/history"), ("listTenants", "/v1/tenants"), ("getTenant", "/v1/tenants/acme")):
    row(operation,        "U F F F F F F F F .", "GET", path)
row("sealHistory",        "U F F F F F F F F .", "POST", "/v1/history/seal")
row("mergeHistory",       "U F F F F F F F F .", "POST", "/v1/history/merge")
row("makeTenant",         "U F F F F F F F F .", "POST", "/v1/tenants", {"name": "made-by-{role}"})
row("changeTenant",       "U F F F F F F F F .", "PATCH", "/v1/tenants/acme", {"title": "Acme"})
row("getCertificate",     "U F F F F F F F F H", "GET", "/v1/tenants/acme/certificate")
row("exportTenant",       "U F F F F F F F F .", "GET", "/v1/tenants/acme/export")
row("deleteTenant",       "U F F F F F F F F .", "DELETE", "/v1/tenants/made-by-{role}")

# ---- everybody: who asks needs not be known
for operation, verb, path in (("getPing", "GET", "/ping"), ("getInfluxHealth", "GET", "/health"),
                              ("getInfluxQuery", "GET", "/query?q=SHOW%20DATABASES"),
                              ("postInfluxQuery", "POST", "/query?q=SHOW%20DATABASES"),
                              ("getHealth", "GET", "/healthz"), ("getReady", "GET", "/readyz"),
                              ("getOpenapi", "GET", "/v1/openapi.json"), ("getDocs", "GET", "/docs"),
                              ("getDocsStyle", "GET", "/docs.css"), ("getSession", "GET", "/v1/session")):
    row(operation,        ". . . . . . . . . .", verb, path)
row("listLogins",         ". . . . . . . . . .", "GET", "/v1/session/openid?tenant=acme")
row("beginOpenid",        ". . . . . . . . . .", "GET", "/v1/session/openid/{role}-idp/begin?tenant=acme")
row("finishOpenid",       ". . . . . . . . . .", "GET", "/v1/session/openid/callback?state=x&code=x")
row("beginSession",       ". . . . . . . . . .", "POST", "/v1/session", {"user": "eve@acme"})
row("endSession",         ". . . . . . . . . .", "DELETE", "/v1/session")
row("provisionDevice",    "F F F F F F F F F F", "POST", "/v1/provision", {"claim": "no", "name": "{role}-made"})
row("setUp",              ". . . . . . . . . .", "POST", "/v1/setup",
    {"token": "ms_setup_no", "name": "eve", "password": "wrong it is, and long"})
row("acceptInvitation",   "F F F F F F F F F F", "POST", "/v1/invitation",
    {"token": "mst_i_no", "password": "wrong it is, and long"})
# A token is nobody's person: it has no password, second factor or browser of its own, and makes no
# other token unless it administers them.
row("listSessions",       "U F F F F F F F F F", "GET", "/v1/sessions")
row("removeSession",      "U H H H H H H H H H", "DELETE", "/v1/sessions/1")
row("changeMe",           "U F F F F F F F F F", "PATCH", "/v1/me", {"title": "Me"})
row("listLinks",          "U F F F F F F F F F", "GET", "/v1/me/openid")
row("beginLink",          "U F F F F F F F F F", "PUT", "/v1/me/openid/{role}-idp")
row("removeLink",         "U F F F F F F F F F", "DELETE", "/v1/me/openid/1")
row("beginSecondFactor",  "U F F F F F F F F F", "POST", "/v1/me/second-factor")
row("confirmSecondFactor", "U F F F F F F F F F", "PUT", "/v1/me/second-factor", {"code": "000000"})
row("removeSecondFactor", "U F F F F F F F F F", "DELETE", "/v1/me/second-factor", {"password": "wrong it is"})


# ---- the house -----------------------------------------------------------------------------------------

class Asker:
    def __init__(self, server, role, token):
        self.server, self.role, self.token = server, role, token

    def ask(self, verb, path, body=None, media="application/json"):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = [("Authorization", f"Bearer {self.token}")] if self.token else []
        return ask_plain(self.server, verb, path, data, media=media, headers=headers)


def token_of(web, tenant, name, role, branch="#"):
    made = web.ask("POST", f"/v1/tokens?tenant={tenant}",
                   {"name": name, "grants": [{"role": role, "branch": branch}]}, 201)
    return made["text"]


def askers_of(server, web):
    for tenant in ("acme", "bolt"):
        web.ask("POST", "/v1/tenants", {"name": tenant}, 201)
    askers = {"nobody": Asker(server, "nobody", None)}
    for role in ("viewer", "operator", "engineer", "administrator", "auditor", "device"):
        askers[role] = Asker(server, role, token_of(web, "acme", role, role))
    askers["part"] = Asker(server, "part", token_of(web, "acme", "part", "engineer", "north/#"))
    askers["rival"] = Asker(server, "rival", token_of(web, "bolt", "rival", "administrator"))
    askers["host"] = Asker(server, "host", token_of(web, "main", "host", "host"))
    return askers


def fill(askers):
    """The same paths in all tenants, but for a word of each."""
    def samples(role, *paths):
        answer = askers[role].ask("POST", "/v1/samples", [{"path": p, "value": 1, "time": "2026-03-01T08:00:00Z"}
                                                          for p in paths])
        expect_equal(answer.status, 200, f"samples of {role}: {answer.text()}")

    samples("administrator", "north/boiler/temp", POINT, f"south/{SOUTH}/recipe")
    samples("rival", "north/boiler/temp", f"north/{BOLT}/temp")
    samples("host", "north/boiler/temp")
    for verb, path, body in (("PUT", f"/v1/assets/east-{BOLT}", {"branch": f"north/{BOLT}"}),
                             ("PUT", "/v1/rules/east-hot", {"kind": "high", "path": f"north/{BOLT}/temp", "limit": 0.5})):
        expect_equal(askers["rival"].ask(verb, path, body).status, 200, f"{verb} {path}")


# ---- what is compared ----------------------------------------------------------------------------------

def verdict_of(answer):
    return {401: "U", 403: "F", 404: "H"}.get(answer.status, ".")


def filled(value, role):
    if isinstance(value, bytes):
        return value.replace(b"{role}", role.encode())
    return json.loads(json.dumps(value).replace("{role}", role)) if value is not None else None


def leaks_of(role, answer, request):
    try:
        text = answer.text() if answer.body else ""
    except UnicodeDecodeError:
        text = ""
    for word, hears in HEARS.items():
        if role not in hears and word in text and word not in request:
            yield f"{word!r} in {text[:300]}"


# Answers in which whoever may hear a word does: a list that is empty for everybody isolates nothing.
TELLING = ("/v1/points?whole=true", "/v1/assets", "/v1/asset-tree", "/v1/assets-export",
           "/v1/rules", "/v1/alarms", "/v1/alarm-journal", "/v1/samples?match=%23&from=2020-01-01", "/v1/last?match=%23", "/v1/sql")


# What the audit tells somebody of what his own tenant was refused, he said himself.
REMEMBERS = ("listAudit", "exportAudit")

# Who runs the server exports a tenant whole; the tenant reads in its audit that it was.
WHOLE = ("exportTenant",)


def silences_of(role, answer, path):
    for word, hears in HEARS.items():
        if path in TELLING and role in hears and word not in answer.text():
            yield f"{word!r} is not in {answer.text()[:300]}"


def every_route_is_in_the_table(folder):
    server = Server(folder + "/data")
    document = ask_plain(server, "GET", "/v1/openapi.json").json()
    there = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}
    expect_equal(sorted(there - set(TABLE)), [], "routes that no row of this table judges")
    expect_equal(sorted(set(TABLE) - there), [], "rows of routes that are not there")
    server.stop()


def every_role_at_every_route(folder):
    server, web = housed(folder)
    askers = askers_of(server, web)
    fill(askers)
    wrong, asked, said = [], 0, dict.fromkeys(ROLES, "")
    for operation, rows in TABLE.items():
        for verb, path, body, media, wanted, prepare in rows:
            found = {}
            for role in ROLES:
                for what in prepare:
                    made = filled(what, role)
                    askers["administrator"].ask(*made)
                at = path.replace("{role}", role)
                answer = askers[role].ask(verb, at, filled(body, role), media)
                found[role] = verdict_of(answer)
                asked += 1
                said[role] += at + str(filled(body, role))
                heard = said[role] if operation in REMEMBERS else at + str(filled(body, role))
                for leak in leaks_of(role, answer, heard) if operation not in WHOLE else ():
                    wrong.append(f"{operation} {verb} {at} tells {role}: {leak}")
                for silence in silences_of(role, answer, at):
                    wrong.append(f"{operation} {verb} {at} keeps from {role}: {silence}")
                expect(answer.status < 500 or answer.status == 503, f"{verb} {at} of {role}: {answer}")
            if found != wanted:
                wrong.append(f"{operation} {verb} {path}: wanted {' '.join(wanted.values())} "
                             f"found {' '.join(found.values())}")
    expect(not wrong, "\n    ".join([f"{len(wrong)} faults (columns: {' '.join(ROLES)})"] + wrong))
    note(f"{asked} requests of {len(ROLES)} kinds of accounts at {len(TABLE)} routes")
    server.stop()


def clients_and_messages_are_the_tenants(folder):
    """The same client id and topic in two tenants: lists and counts hold what is one's own."""
    server, web = housed(folder)
    askers = askers_of(server, web)
    for role, words in (("administrator", (NORTH, SOUTH)), ("rival", (BOLT,))):
        raw = Raw(server, connect=False)
        raw.send(connect_packet(5, client_id="plc", user=role, password=askers[role].token))
        expect_equal(raw.take()[0], CONNACK, f"the answer to {role}")
        for number, word in enumerate(words):
            branch = "south" if word == SOUTH else "north"
            raw.send(publish_packet(f"{branch}/{word}/label", b"kept", qos=1, packet_id=number + 1, version=5,
                                    flags=3))
            expect_equal(raw.take()[0], PUBACK, f"the answer to {word}")
        askers[role].raw = raw
    counts = {}
    for role in ROLES[1:]:
        retained = askers[role].ask("GET", "/v1/retained").json()
        topics = {message["topic"].split("/")[1] for message in retained["retained"]}
        expect_equal(topics, {word for word, hears in HEARS.items() if role in hears}, f"retained of {role}")
        counts[role] = retained["count"]
    expect_equal([counts[role] for role in ("administrator", "rival", "host", "part", "device")],
                 [2, 1, 0, None, None], "how many messages are retained")
    for role, most in (("administrator", 1), ("rival", 1), ("host", 0)):
        clients = askers[role].ask("GET", "/v1/clients").json()
        expect_equal([client["id"] for client in clients["clients"]], ["plc"] * most, f"clients of {role}")
        expect_equal(clients["count"], most, f"how many clients {role} has")
        topics = askers[role].ask("GET", "/v1/topics").json()["topics"]
        heard = {word for word in HEARS if any(word in topic["topic"] for topic in topics)}
        expect_equal(heard, {word for word, hears in HEARS.items() if role in hears}, f"topics of {role}")
    server.stop()


def what_is_taken_back_ends_at_once(folder):
    """A right, an account: what viewers were shown because of it goes, and they with it."""
    server, web = housed(folder)
    askers = askers_of(server, web)
    fill(askers)
    web.ask("PUT", "/v1/roles/watcher?tenant=acme", {"rights": [{"pattern": "#", "rights": ["see"]}]}, 200)
    took = []
    for turn in range(10):
        token = token_of(web, "acme", f"watcher-{turn}", "watcher")
        viewer = WebSocket(server, headers=[("Authorization", f"Bearer {token}")])
        viewer.hear("hello")
        viewer.tell(op="subscribe", id=1, match="#")
        expect_equal(len(viewer.hear("snapshot")["points"]), 3, "points of the tenant")
        began = time.monotonic()
        if turn % 2 == 0:
            web.ask("PUT", "/v1/roles/watcher?tenant=acme",
                    {"rights": [{"pattern": "north/#", "rights": ["see"]}]}, 200)
            expect_equal(len(viewer.hear("removed")["points"]), 1, "points that went")
        else:
            web.ask("DELETE", f"/v1/tokens/watcher-{turn}?tenant=acme", status=200)
            expect(viewer.close_code() is not None, "the viewer was not ended")
        took.append(time.monotonic() - began)
        viewer.close()
        web.ask("PUT", "/v1/roles/watcher?tenant=acme", {"rights": [{"pattern": "#", "rights": ["see"]}]}, 200)
    expect(sorted(took)[5] < 1, f"what was taken back was shown for {sorted(took)[5]:.3f} s, the median of ten")
    note(f"a right taken back, over HTTP: what it showed is gone after {1000 * sorted(took)[5]:.1f} ms, "
         f"{1000 * max(took):.1f} ms at most")
    server.stop()


def what_is_hidden_is_told_by_nothing_beside(folder):
    """Ways around: counts of pages and filters that find nothing, bindings, explanations, conditions, documents of what
    is gone, assets that are moved along."""
    server, web = housed(folder)
    askers = askers_of(server, web)
    fill(askers)
    boss, part = askers["administrator"], askers["part"]
    empty = Asker(server, "empty", web.ask("POST", "/v1/tokens?tenant=acme", {"name": "empty", "grants": []}, 201)["text"])

    def done(asker, verb, path, body=None, status=200, media="application/json"):
        answer = asker.ask(verb, path, body, media)
        expect_equal(answer.status, status, f"{verb} {path} of {asker.role}: {answer.text()}")
        return answer.json() if "json" in answer.media() else answer.text()

    def alarms(asker, query=""):
        return done(asker, "GET", f"/v1/alarms{query}")

    for name, path in (("hot-north", POINT), ("hot-south", f"south/{SOUTH}/recipe"), ("hot-all", "#")):
        done(boss, "PUT", f"/v1/rules/{name}", {"kind": "high", "path": path, "limit": 0.5})
    wait_for("the alarms", lambda: alarms(boss)["counts"]["active"] >= 3)
    seen = alarms(part)
    expect(0 < seen["counts"]["active"] < alarms(boss)["counts"]["active"], f"counts of a branch: {seen['counts']}")
    for query in ("?rule=never", "?type=never", "?under=never", "?limit=1"):
        expect_equal(alarms(part, query)["counts"], seen["counts"], f"counts with {query}")
        expect_equal(alarms(empty, query)["counts"]["active"], 0, f"counts for nobody with {query}")
    expect_equal(alarms(part, "?after=1000000")["counts"]["active"], 0, "counts of a later page")
    for verb, path, body in (("POST", "/v1/rules-preview", {"kind": "high", "metric": "x", "limit": 1, "type": "pump"}),
                             ("POST", "/v1/inbox-adopt", {"prefix": "x", "type": "pump"})):
        done(empty, verb, path, body, 404)

    done(boss, "PUT", "/v1/types/pump", {"metrics": [{"name": "temp"}, {"name": "aside"}]})
    done(boss, "PUT", "/v1/assets/pump", {"type": "pump", "branch": f"north/{NORTH}",
                                          "bindings": {"aside": f"south/{SOUTH}/recipe"}})
    expect_equal(done(part, "GET", "/v1/types/pump")["assets"], None, "how many assets there are")
    rule = done(part, "GET", "/v1/rules/hot-all")
    expect_equal((rule["points"], rule["alarms"]), (None, None), "counts of a rule of all")
    expect_equal(done(part, "GET", "/v1/rules/hot-north")["points"], 1, "the count of a rule of his")
    expect(done(boss, "GET", "/v1/assets/pump")["bindings"], "the binding is not told to who sees the point")
    for path in ("/v1/assets/pump", "/v1/assets-export", "/v1/assets-export?format=csv"):
        answer = part.ask("GET", path)
        expect_equal((answer.status, SOUTH in answer.text()), (200, False), f"{path}: {answer.text()}")

    for verb, body in (("PUT", {"type": "pump", "branch": f"north/{NORTH}"}), ("PATCH", {"bindings": {}})):
        done(part, verb, "/v1/assets/pump", body)
        expect(done(boss, "GET", "/v1/assets/pump")["bindings"], f"{verb} took away a binding that was not told")

    mixed = Asker(server, "mixed", web.ask("POST", "/v1/tokens?tenant=acme", {"name": "mixed", "grants": [
        {"role": "engineer", "branch": "north/#"}, {"role": "viewer", "branch": "#"}]}, 201)["text"])
    done(mixed, "PUT", "/v1/assets/taker", {"branch": "north/taker", "bindings": {"x": f"south/{SOUTH}/recipe"}}, 422)
    done(mixed, "PUT", "/v1/assets/taker", {"branch": "north/taker", "bindings": {"x": "north/boiler/temp"}})
    done(mixed, "PATCH", "/v1/assets/pump", {"bindings": {"aside": f"south/{SOUTH}/recipe"}})  # as it is

    aside = {"kind": "expression", "path": POINT, "condition": "{aside} > 0.5"}
    done(boss, "PUT", "/v1/rules/aside", aside)
    wait_for("the alarm", lambda: alarms(part, "?rule=aside")["alarms"])
    expect(SOUTH in alarms(boss, "?rule=aside")["alarms"][0]["why"], "no explanation for who sees it all")
    number = alarms(part, "?rule=aside")["alarms"][0]["alarm"]
    done(part, "PUT", "/v1/rules/aside-2", aside, 403)
    web.ask("PUT", "/v1/roles/temps?tenant=acme", {"rights": [{"pattern": "+/+/temp", "rights": ["see", "configure"]}]}, 200)
    temps = Asker(server, "temps", token_of(web, "acme", "temps", "temps"))
    done(temps, "PUT", "/v1/rules/beside", {"kind": "expression", "path": "+/+/temp", "condition": "./recipe > 0"}, 403)
    done(part, "PUT", "/v1/rules/own", {"kind": "expression", "path": "north/+/temp", "condition": "./flow > 0"})
    for _ in range(2):  # the journal keeps what a removed rule said
        for path in ("/v1/alarms?rule=aside", f"/v1/alarms/{number}", "/v1/alarm-journal"):
            text = part.ask("GET", path).text()
            expect(SOUTH not in text, f"{path} tells {text}")
        boss.ask("DELETE", "/v1/rules/aside")

    done(boss, "PUT", "/v1/assets/aside", {"branch": f"south/{SOUTH}"})
    done(boss, "PUT", "/v1/documents/book?attach=asset:aside", b"text", media="text/plain")
    both = f"attach=branch:south/{SOUTH}&attach=branch:north/{NORTH}"
    done(boss, "PUT", f"/v1/documents/both?{both}", b"text", media="text/plain")
    expect_equal(done(part, "GET", f"/v1/documents?attached=branch:south/{SOUTH}")["documents"], [], "of a hidden branch")
    for verb in ("GET", "DELETE"):
        done(boss, verb, "/v1/assets/aside")
        done(part, "GET", "/v1/documents/book", status=404)
        found = done(part, "POST", "/v1/sql", {"sql": "select name from documents"})["rows"]
        expect_equal(found, [["both"]], "documents by SQL")
    done(boss, "GET", "/v1/documents/book")

    done(boss, "PUT", "/v1/assets/plant", {"branch": "north/plant"})
    done(boss, "PUT", "/v1/assets/plant/kept", {"attributes": {"code": SOUTH}})
    done(part, "PUT", "/v1/assets/north", {})
    done(part, "PATCH", "/v1/assets/plant", {"path": "north/plant"}, 403)
    done(part, "GET", "/v1/assets/north/plant/kept", status=404)
    done(boss, "PATCH", "/v1/assets/plant", {"path": "north/plant"})
    done(part, "PATCH", "/v1/assets/north/plant", {"path": "north/works"})
    server.stop()


if __name__ == "__main__":
    play(every_route_is_in_the_table, every_role_at_every_route,
         clients_and_messages_are_the_tenants, what_is_taken_back_ends_at_once,
         what_is_hidden_is_told_by_nothing_beside)

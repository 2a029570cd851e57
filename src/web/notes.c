/* Words about routes, for the OpenAPI document and its page. */
#include "web/openapi.h"

#include <string.h>

const struct route_heading route_headings[] = {
    {"points", "Points", "Find points, read them, create and change them."},
    {"samples", "Samples", "Write values."},
    {"lines", "Line protocol",
     "Write values as agents of InfluxDB do. docs/influx.md is the manual."},
    {"questions", "Questions", "Ask the history: raw samples, buckets, trends, last values."},
    {"sql", "SQL", "Ask everything with SELECT. docs/sql.md is the manual, with worked questions."},
    {"history", "History", "What is kept and for how long, what was erased, corrected, said."},
    {"notices", "Notices",
     "Who is told of an alarm: channels, rosters, routes, deliveries. docs/notices.md is the "
     "manual."},
    {"documents", "Documents",
     "Procedures, manuals and pictures, with versions and search; boards that people build."},
    {"assets", "Assets", "What the plant is made of: types, assets, devices that wait, the map."},
    {"alarms", "Alarms",
     "Rules, alarms and what happened to them, after ISA-18.2. docs/alarms.md is the manual."},
    {"people", "People and rights",
     "Tenants, people, roles, tokens, devices, shares, and the audit. docs/security.md is the "
     "manual."},
    {"live", "Live", "See values move, and speak MQTT from a browser."},
    {"system", "System", "What the server knows of itself."},
};
const size_t route_heading_count = ARRAY_COUNT(route_headings);

#define KEY_HEADER                                                                                 \
    "Idempotency-Key",                                                                             \
        "1 to 128 characters of your choice: sent again with it, nothing is done twice"

static const struct route_note notes[] = {
    {"listAssetTypes", NULL, NULL, NULL, "'/v1/types'"},
    {"getAssetType", "from says which type of its line an attribute or a metric is of.", NULL, NULL,
     "'/v1/types/pump?own=true'"},
    {"putAssetType",
     "With dry_run=true the answer is AssetTypeTrial: what assets would show that they do not now, "
     "and which would lack something required.",
     KEY_HEADER,
     "-X PUT -H 'Content-Type: application/json' -d "
     "'{\"metrics\":[{\"name\":\"temp\",\"unit\":\"Cel\",\"limits\":{\"high\":80}}]}' "
     "'/v1/types/pump'"},
    {"removeAssetType", NULL, KEY_HEADER, "-X DELETE '/v1/types/pump'"},
    {"listAssets", NULL, NULL, NULL, "'/v1/assets?under=acme/north&type=pump'"},
    {"getAsset",
     "With at: its version and its types' of then, and the values of then from the history; by the "
     "path that it had then.",
     NULL, NULL, "'/v1/assets/acme/north/pump-3?at=2026-03-01T03:00:00Z'"},
    {"putAsset", "The asset above must be there. What GET answered can be given back.", KEY_HEADER,
     "-X PUT -H 'Content-Type: application/json' -d "
     "'{\"type\":\"pump\",\"attributes\":{\"maker\":\"KSB\"}}' '/v1/assets/acme/north/pump-3'"},
    {"changeAsset", "What is not named stays; null takes an attribute or a binding away.",
     KEY_HEADER,
     "-X PATCH -H 'Content-Type: application/json' -d '{\"path\":\"acme/south/pump-3\"}' "
     "'/v1/assets/acme/north/pump-3'"},
    {"retireAsset", NULL, KEY_HEADER, "-X DELETE '/v1/assets/acme/north?parts=true'"},
    {"listAssetVersions", NULL, NULL, NULL, "'/v1/asset-versions/acme/north/pump-3'"},
    {"getAssetTree", "What he sees a part of is named; its counts of parts and points are null.",
     NULL, NULL, "'/v1/asset-tree?path=acme/north'"},
    {"importAssets",
     "From top to bottom. As application/x-ndjson a type or an asset a line, as text/csv an asset "
     "a row: path, title, type, level, longitude, latitude, floor, plan_x, plan_y, branch, "
     "attr:NAME, bind:METRIC. Sent again it changes nothing.",
     NULL, NULL,
     "-H 'Content-Type: text/csv' --data-binary @assets.csv '/v1/assets-import?dry_run=true'"},
    {"exportAssets", NULL, NULL, NULL, "'/v1/assets-export?under=acme'"},
    {"listInbox", NULL, NULL, NULL, "'/v1/inbox'"},
    {"adoptInbox", "Each becomes an asset below the nearest one above its prefix.", NULL, NULL,
     "-H 'Content-Type: application/json' -d "
     "'{\"prefixes\":[\"acme/north/pump-9\"],\"type\":\"pump\"}' '/v1/inbox-adopt'"},
    {"getMap", NULL, NULL, NULL, "'/v1/map?west=113&south=34&east=114&north=35&zoom=10'"},
    {"listRules", NULL, NULL, NULL, "'/v1/rules?path=acme/north/pump-3/temp'"},
    {"getRule", NULL, NULL, NULL, "'/v1/rules/pump-hot'"},
    {"putRule",
     "A condition that cannot be read is answered 422 with fault: code, offset, line and column.",
     KEY_HEADER,
     "-X PUT -H 'Content-Type: application/json' -d "
     "'{\"kind\":\"high\",\"type\":\"pump\",\"metric\":\"temp\",\"priority\":2}' "
     "'/v1/rules/pump-hot'"},
    {"removeRule", NULL, KEY_HEADER, "-X DELETE '/v1/rules/pump-hot'"},
    {"previewRule",
     "100 points and 1,000,000 samples at most; more are not looked at, and cut is true.", NULL,
     NULL,
     "-H 'Content-Type: application/json' -d "
     "'{\"kind\":\"high\",\"path\":\"acme/north/+/temp\",\"limit\":80,\"from\":\"-30d\"}' "
     "'/v1/rules-preview'"},
    {"listAlarms", NULL, NULL, NULL, "'/v1/alarms?state=unacknowledged&priority=1-2'"},
    {"getAlarm", "When it is normal again it is told from the journal, as long as that has it.",
     NULL, NULL, "'/v1/alarms/4711'"},
    {"actOnAlarms",
     "Those that are not in a state for it are passed over. An acknowledgement can be taken back "
     "until undo_until, by who gave it.",
     KEY_HEADER,
     "-H 'Content-Type: application/json' -d "
     "'{\"act\":\"acknowledge\",\"filter\":{\"under\":\"acme/north\"},\"comment\":\"seen\"}' "
     "'/v1/alarms-act'"},
    {"listAlarmJournal", NULL, NULL, NULL, "'/v1/alarm-journal?from=-8h&match=acme/%23'"},
    {"getAlarmStatistics", NULL, NULL, NULL, "'/v1/alarm-statistics?from=-7d&shift=8h'"},
    {"listHandovers", NULL, NULL, NULL, "'/v1/handovers?branch=acme/north'"},
    {"addHandover", NULL, KEY_HEADER,
     "-H 'Content-Type: application/json' -d '{\"branch\":\"acme/north\",\"text\":\"pump 3 runs "
     "hot since six\"}' '/v1/handovers'"},
    {"listDocuments",
     "search takes words that all must be there, and \"words behind each other\"; snippet marks "
     "what "
     "was found.",
     NULL, NULL, "'/v1/documents?search=bearing&attached=type:pump'"},
    {"getDocument", NULL, NULL, NULL, "'/v1/documents/pump-manual'"},
    {"putDocument", "The body is the document; another one of the same name is its next version.",
     KEY_HEADER,
     "-X PUT -H 'Content-Type: text/markdown' --data-binary @pumps.md "
     "'/v1/documents/pump-manual?title=Pumps&attach=type:pump'"},
    {"changeDocument", NULL, KEY_HEADER,
     "-X PATCH -H 'Content-Type: application/json' -d "
     "'{\"title\":\"Pumps\",\"attached\":[\"type:pump\",\"asset:acme/north/pump-3\"]}' "
     "'/v1/documents/pump-manual'"},
    {"removeDocument", NULL, KEY_HEADER, "-X DELETE '/v1/documents/pump-manual'"},
    {"getDocumentContent", NULL, NULL, NULL, "-O '/v1/document-content/pump-manual?version=1'"},
    {"listBoards", NULL, NULL, NULL, "'/v1/boards'"},
    {"getBoard", NULL, NULL, NULL, "'/v1/boards/hall-2'"},
    {"putBoard", "widgets is kept as it is: 10,240 bytes at most.", KEY_HEADER,
     "-X PUT -H 'Content-Type: application/json' -d "
     "'{\"title\":\"Hall 2\",\"shared\":true,\"widgets\":[]}' '/v1/boards/hall-2'"},
    {"removeBoard", NULL, KEY_HEADER, "-X DELETE '/v1/boards/hall-2'"},
    {"listPoints",
     "Patterns: + or * is any one segment, # or ** at the end any number of them; inside a segment "
     "* is any characters and ? one. A page may be shorter than limit, even empty, while next is "
     "not null: a search looks at a bounded number of points each time.",
     NULL, NULL, "'/v1/points?match=plant/%23&limit=10'"},
    {"createPoint",
     "Answers 201 with Location. As application/x-ndjson each line is a command as of POST "
     "/v1/commands, each answered by a line of its own, in order, with status 200.",
     KEY_HEADER,
     "-H 'Content-Type: application/json' -H 'Idempotency-Key: 7f3a' "
     "-d '{\"path\":\"plant/line-1/press-3/temp\",\"unit\":\"degC\"}' '/v1/points'"},
    {"getPoint", NULL, NULL, NULL, "'/v1/points/plant/line-1/press-3/temp'"},
    {"changePoint", "What is not named stays. {\"path\":\"new/path\"} alone renames.", KEY_HEADER,
     "-X PATCH -H 'Content-Type: application/json' -d '{\"limits\":{\"high\":80}}' "
     "'/v1/points/plant/line-1/press-3/temp'"},
    {"retirePoint", "The path is free for another point; what was recorded stays.", KEY_HEADER,
     "-X DELETE '/v1/points/plant/line-1/press-3/temp'"},
    {"postCommands",
     "As application/x-ndjson each line is a command and is answered by a line, in order.",
     KEY_HEADER,
     "-H 'Content-Type: application/json' "
     "-d '{\"command\":\"create\",\"path\":\"plant/line-1/press-4/temp\"}' '/v1/commands'"},
    {"getTree", "Children stand in natural order: press-2 before press-10.", NULL, NULL,
     "'/v1/tree?path=plant&values=true'"},
    {"postSamples",
     "A sample, an array of them, {\"samples\":[..]}, or as application/x-ndjson one a line. "
     "Without time the time of arrival counts. Points that are not there are created. (point, "
     "time) is idempotent. 200 when any was taken, 422 when none was.",
     NULL, NULL,
     "-H 'Content-Type: application/json' "
     "-d '{\"path\":\"plant/line-1/press-3/temp\",\"value\":21.5}' '/v1/samples'"},
    {"postWrite",
     "Each field of a line is a point; the setting readings.lines_path says which path it has, and "
     "its tags are labels. Every line that can be taken is taken; the others are named in a 400: "
     "{\"error\":\"partial write: .. dropped=1\"}. The body is taken as it comes.",
     NULL, NULL,
     "--data-binary 'pump,site=north,line=7 rpm=1450 1700000000000000000' '/write?db=plant'"},
    {"postWriteV2",
     "The same; what was refused is told as {\"code\":\"invalid\",\"message\":\"..\",\"line\":3}.",
     NULL, NULL,
     "--data-binary 'pump,site=north,line=7 rpm=1450 1700000000' "
     "'/api/v2/write?org=o&bucket=b&precision=s'"},
    {"getPing", "204, with X-Influxdb-Version.", NULL, NULL, "-i '/ping'"},
    {"getInfluxHealth", NULL, NULL, NULL, "'/health'"},
    {"getInfluxQuery",
     "CREATE DATABASE does nothing and says that it is done; SHOW DATABASES names one. Everything "
     "else is refused.",
     NULL, NULL, "'/query?q=SHOW+DATABASES'"},
    {"postInfluxQuery", "The statement stands in the address, or in a form in the body.", NULL,
     NULL, "--data-urlencode 'q=CREATE DATABASE \"plant\"' '/query'"},
    {"postSql",
     "SQLite's dialect, one statement, read only. As format csv and ndjson the answer has a line a "
     "row; ndjson ends with a line of truncated, cost and missing. A statement that fails after "
     "its "
     "answer began breaks the connection. Times are ns since 1970: time_text(time) shows them, "
     "time_ns('now-1h') makes them.",
     NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"sql\":\"select path, value from live where path "
     "glob ?\",\"parameters\":[\"plant/*\"]}' '/v1/sql'"},
    {"getSqlSchema", NULL, NULL, NULL, "'/v1/sql/schema'"},
    {"getSamples",
     "Which points: path, point, match and label, each several times. Of JSON a sample is [time, "
     "value], with the quality where it is not good; more is true when the limit was reached. "
     "Long answers are streamed; one that breaks has no last chunk.",
     NULL, NULL, "'/v1/samples?path=plant/line-1/press-3/temp&from=-1h'"},
    {"querySamples",
     "Members are named as the parameters of GET /v1/samples; those that may stand several times "
     "are arrays. 256 KiB at most.",
     NULL, NULL,
     "-H 'Content-Type: application/json' "
     "-d '{\"match\":[\"plant/#\"],\"from\":\"-1h\"}' '/v1/samples/query'"},
    {"getBuckets",
     "step or count, and what is to be said of each bucket. What is folded are values whose "
     "quality "
     "is good or uncertain. Steps of days and longer are those of the calendar of zone; a day may "
     "have 23 or 25 hours. fill previous and linear look beyond the range. Where raw samples are "
     "gone, rollups stand for them.",
     NULL, NULL,
     "'/v1/buckets?match=plant/%23&from=-7d&step=1d&zone=Asia/Shanghai&aggregates=mean,max'"},
    {"queryBuckets", NULL, NULL, NULL,
     "-H 'Content-Type: application/json' "
     "-d '{\"match\":\"plant/#\",\"step\":\"1h\",\"by\":\"level:2\"}' '/v1/buckets'"},
    {"getTrend",
     "m4: of each pixel column the first, the last, the least and the greatest, so that the line "
     "drawn is that of all samples. lttb: as many samples as pixels. times are in ms.",
     NULL, NULL, "'/v1/trend?path=plant/line-1/press-3/temp&from=-30d&width=1200'"},
    {"queryTrend", NULL, NULL, NULL,
     "-H 'Content-Type: application/json' "
     "-d '{\"match\":\"plant/#\",\"width\":1200}' '/v1/trend'"},
    {"getLast", NULL, NULL, NULL, "'/v1/last?match=plant/%23&at=now-1d'"},
    {"queryLast", NULL, NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"label\":[\"line:1\"]}' '/v1/last'"},
    {"getHistory", NULL, NULL, NULL, "'/v1/history'"},
    {"sealHistory", "What is in memory goes into a file now, not when its time has come.", NULL,
     NULL, "-X POST '/v1/history/seal'"},
    {"mergeHistory", "Questions about long times are faster afterwards; it happens by itself.",
     NULL, NULL, "-X POST '/v1/history/merge'"},
    {"listPolicies",
     "The first whose pattern matches a path decides what becomes of its samples. Where none does, "
     "everything is kept for ever.",
     NULL, NULL, "'/v1/policies?path=plant/line-1/press-3/temp'"},
    {"getPolicy", NULL, NULL, NULL, "'/v1/policies/presses'"},
    {"putPolicy",
     "What is not named is as in a policy that keeps everything; a new one stands last unless rank "
     "says where.",
     KEY_HEADER,
     "-X PUT -H 'Content-Type: application/json' "
     "-d '{\"match\":\"plant/+/press-*/#\",\"deadband\":0.1,\"retention_s\":7776000}' "
     "'/v1/policies/presses'"},
    {"movePolicy", NULL, KEY_HEADER,
     "-X PATCH -H 'Content-Type: application/json' -d '{\"rank\":1}' '/v1/policies/presses'"},
    {"removePolicy", "What it took already does not come back.", KEY_HEADER,
     "-X DELETE '/v1/policies/presses'"},
    {"eraseSamples",
     "Samples with from <= time < to that came before are gone: from live values, from history, "
     "and from backups when they are restored. One of match, path and points says which. dry_run "
     "counts the points and erases nothing. That it was done is kept for ever.",
     KEY_HEADER,
     "-H 'Content-Type: application/json' "
     "-d '{\"match\":\"plant/test/#\",\"to\":\"2026-03-01T08:00:00Z\",\"dry_run\":true}' "
     "'/v1/erasures'"},
    {"listErasures", NULL, NULL, NULL, "'/v1/erasures'"},
    {"correctSample",
     "The new value is a sample like any other, of quality good.edited unless told otherwise; what "
     "was there before is told by GET /v1/corrections, for ever.",
     KEY_HEADER,
     "-H 'Content-Type: application/json' "
     "-d '{\"path\":\"plant/line-1/press-3/temp\",\"time\":\"2026-03-01T08:00:00Z\","
     "\"value\":21.5,\"reason\":\"sensor was calibrated\"}' '/v1/corrections'"},
    {"listCorrections", NULL, NULL, NULL, "'/v1/corrections?path=plant/line-1/press-3/temp'"},
    {"annotatePoint", "Without time it is about the point as such.", KEY_HEADER,
     "-H 'Content-Type: application/json' "
     "-d '{\"path\":\"plant/line-1/press-3/temp\",\"time\":\"2026-03-01T08:00:00Z\","
     "\"text\":\"door open\"}' '/v1/annotations'"},
    {"listAnnotations", "Those whose times touch the range of from and to.", NULL, NULL,
     "'/v1/annotations?path=plant/line-1/press-3/temp'"},
    {"removeAnnotation", NULL, KEY_HEADER, "-X DELETE '/v1/annotations/1'"},
    {"getSession",
     "Public: without anybody it says whether the server is in trial. `anywhere`, `branches` and "
     "`resources` say what who asks may; `tenants` are the names that stand before the paths of "
     "others, as \"@acme/\".",
     NULL, NULL, "'/v1/session'"},
    {"beginSession",
     "Answers with the cookie mainstem_session (HttpOnly, SameSite=Strict). A name may be "
     "\"ann@acme\". 401 with code second_factor: send it again with `code`, six digits or a "
     "recovery code. 429 says in Retry-After when the next try is looked at.",
     NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"user\":\"ann\",\"password\":\"..\"}' "
     "'/v1/session'"},
    {"endSession", "The cookie is void from then on, whoever has it.", NULL, NULL,
     "-X DELETE '/v1/session'"},
    {"listLogins", "Public. A tenant that is not there is answered as one that has none.", NULL,
     NULL, "'/v1/session/openid?tenant=main'"},
    {"beginOpenid",
     "A browser goes there. 303 to the provider, with the cookie mainstem_openid; or to the login "
     "page, which is told why not. docs/openid.md has the words.",
     NULL, NULL, "'/v1/session/openid/login/begin?return=/%23/points'"},
    {"finishOpenid",
     "303 to where the browser wanted to go, with the cookie of a session; or to the page that "
     "began it, with the reason.",
     NULL, NULL, "'/v1/session/openid/callback?state=..&code=..'"},
    {"listLinks", NULL, NULL, NULL, "'/v1/me/openid'"},
    {"beginLink",
     "The browser goes to `url` and comes back to the page of the account, with `linked` or "
     "`reason` in its address. For the browser's session that asked, for ten minutes.",
     NULL, NULL, "-X PUT '/v1/me/openid/login'"},
    {"removeLink", "Sessions that it began go on; end them by themselves.", NULL, NULL,
     "-X DELETE '/v1/me/openid/12'"},
    {"listSessions", "Your own; of others with the right to see $tenant/users.", NULL, NULL,
     "'/v1/sessions'"},
    {"removeSession", "Of others with the right to administer $tenant/users.", NULL, NULL,
     "-X DELETE '/v1/sessions/17'"},
    {"setUp",
     "Only while nobody administers the server. `token` stands behind # in the link that the "
     "server writes when it starts; it works once. Who makes it is logged in, and the trial is "
     "over at once.",
     NULL, NULL,
     "-H 'Content-Type: application/json' -d "
     "'{\"token\":\"mst_u_..\",\"name\":\"ann\",\"password\":\"..\"}' '/v1/setup'"},
    {"acceptInvitation", "The account is active then, and its sessions have ended.", NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"token\":\"mst_i_..\",\"password\":\"..\"}' "
     "'/v1/invitation'"},
    {"changeMe",
     "A password goes alone, with the one before as `old_password`: all sessions end, and this "
     "browser gets another one.",
     NULL, NULL,
     "-X PATCH -H 'Content-Type: application/json' -d '{\"language\":\"zh\"}' '/v1/me'"},
    {"beginSecondFactor", "Nothing is recorded before it is confirmed, within ten minutes.", NULL,
     NULL, "-X POST '/v1/me/second-factor'"},
    {"confirmSecondFactor", "Each recovery code works once, instead of a code.", NULL, NULL,
     "-X PUT -H 'Content-Type: application/json' -d '{\"code\":\"123456\"}' "
     "'/v1/me/second-factor'"},
    {"removeSecondFactor", "Its recovery codes go with it.", NULL, NULL,
     "-X DELETE -H 'Content-Type: application/json' -d '{\"password\":\"..\"}' "
     "'/v1/me/second-factor'"},
    {"listUsers", "A page holds those that match.", NULL, NULL, "'/v1/users?limit=10'"},
    {"makeUser",
     "Without `password` the answer has an invitation: its link is for one person, works for seven "
     "days, and is told once. Nobody grants more than he may himself.",
     NULL, NULL,
     "-H 'Content-Type: application/json' -d "
     "'{\"name\":\"bo\",\"grants\":[{\"role\":\"operator\",\"branch\":\"plant/#\"}]}' '/v1/users'"},
    {"inviteUser", "For who has lost the one before.", NULL, NULL,
     "-X POST '/v1/users/bo/invitation'"},
    {"resetUser", "With second_factor the second factor and its recovery codes go as well.", NULL,
     NULL, "-X POST -H 'Content-Type: application/json' -d '{}' '/v1/users/bo/reset'"},
    {"getUser", NULL, NULL, NULL, "'/v1/users/bo'"},
    {"changeUser",
     "What is not named stays; grants are replaced whole. What he loses he loses at once, on every "
     "connection. Nobody changes who may more than he himself.",
     NULL, NULL,
     "-X PATCH -H 'Content-Type: application/json' -d '{\"state\":\"disabled\"}' '/v1/users/bo'"},
    {"removeUser", "The last host cannot be removed.", NULL, NULL, "-X DELETE '/v1/users/bo'"},
    {"listRoles", "The built-in ones cannot be changed.", NULL, NULL, "'/v1/roles'"},
    {"putRole",
     "Patterns: of paths, or of resources as $tenant/users. %u stands for the account's name, %c "
     "for the MQTT client id; a device's must be its name.",
     NULL, NULL,
     "-X PUT -H 'Content-Type: application/json' -d "
     "'{\"rights\":[{\"pattern\":\"plant/#\",\"rights\":[\"see\"]}]}' '/v1/roles/guest'"},
    {"removeRole", NULL, NULL, NULL, "-X DELETE '/v1/roles/guest'"},
    {"listTokens", "All of the tenant with the right to see $tenant/tokens.", NULL, NULL,
     "'/v1/tokens'"},
    {"makeToken",
     "A token may no more than who made it, and ends with him. It is sent as \"Authorization: "
     "Bearer TEXT\", or as an MQTT password with its name as user name.",
     NULL, NULL,
     "-H 'Content-Type: application/json' -d "
     "'{\"name\":\"backup\",\"grants\":[{\"role\":\"viewer\"}]}' '/v1/tokens'"},
    {"removeToken", NULL, NULL, NULL, "-X DELETE '/v1/tokens/backup'"},
    {"getQuota", "`used` of a rate is what the last second took.", NULL, NULL, "'/v1/quota'"},
    {"listTenants", "main is the house: who runs the server.", NULL, NULL, "'/v1/tenants'"},
    {"makeTenant", "Its first administrator is made with POST /v1/users?tenant=NAME.", NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"name\":\"acme\",\"quotas\":{\"points\":10000}}' "
     "'/v1/tenants'"},
    {"getTenant", NULL, NULL, NULL, "'/v1/tenants/acme'"},
    {"changeTenant",
     "suspended: nobody of it is let in, and who is in is out; nothing is lost. Quotas that are "
     "not named stay; null is no limit.",
     NULL, NULL,
     "-X PATCH -H 'Content-Type: application/json' -d '{\"state\":\"suspended\"}' "
     "'/v1/tenants/acme'"},
    {"deleteTenant",
     "For ever: everybody of it is out at once, its points are retired and its samples erased in "
     "the background.",
     NULL, NULL, "-X DELETE '/v1/tenants/acme'"},
    {"listDevices", NULL, NULL, NULL, "'/v1/devices?contains=press'"},
    {"makeDevice",
     "Without `grants` it has the role device. It enters over MQTT with its name and the token as "
     "password, or by the token alone. With a password, fingerprint or common_name there is a "
     "token only when `token` is true.",
     NULL, NULL, "-H 'Content-Type: application/json' -d '{\"name\":\"press-3\"}' '/v1/devices'"},
    {"renewDeviceToken", NULL, NULL, NULL, "-X POST '/v1/devices/press-3/token'"},
    {"changeDevice",
     "What is not named stays; grants are replaced whole. A fingerprint or common name is one more "
     "certificate; \"certificates\": null takes those away that it has, first, and ends at once "
     "what came by them.",
     NULL, NULL,
     "-X PATCH -H 'Content-Type: application/json' -d '{\"state\":\"disabled\"}' "
     "'/v1/devices/press-3'"},
    {"removeDevice", NULL, NULL, NULL, "-X DELETE '/v1/devices/press-3'"},
    {"listClaims", NULL, NULL, NULL, "'/v1/claims'"},
    {"makeClaim", "`grants` are those of the devices that it makes; without them the role device.",
     NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"name\":\"line-4\",\"uses\":40}' '/v1/claims'"},
    {"removeClaim", NULL, NULL, NULL, "-X DELETE '/v1/claims/line-4'"},
    {"provisionDevice",
     "Public: the claim key is the proof. A name that is taken is refused with 409.", NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"claim\":\"mst_c_..\",\"name\":\"press-4\"}' "
     "'/v1/provision'"},
    {"listShares",
     "With state=ended those that ended, the newest first, up to 200 an answer; one may have none "
     "and a `next` all the same.",
     NULL, NULL, "'/v1/shares'"},
    {"offerShare",
     "Nothing is seen before the other side accepts. Nobody shares more than he sees himself.",
     NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"to\":\"fire-brigade\",\"patterns\":[\"fire/#\"]}' "
     "'/v1/shares'"},
    {"acceptShare",
     "By the tenant that it was offered to. From then on its people see the points as @name/path, "
     "as far as their own roles go.",
     NULL, NULL, "-X PUT '/v1/shares/1/accept'"},
    {"endShare", "At once, for who subscribed as well.", NULL, NULL, "-X DELETE '/v1/shares/1'"},
    {"listAudit",
     "The newest 65,536 entries of the server are in memory; older ones are read from the journal, "
     "as far as it reaches back. A page may have fewer entries than its limit, or none, and `next` "
     "all the same: it looked at 200,000 that were others'.",
     NULL, NULL, "'/v1/audit?action=login&limit=10'"},
    {"exportAudit",
     "Each line is an entry with `wall_ns` and `chain`: docs/security.md says how to compute the "
     "chain again. The export is an entry itself.",
     NULL, NULL, "'/v1/audit/export'"},
    {"verifyAudit",
     "Computes the chain again over all entries that are kept, the oldest first. Who keeps `head` "
     "and "
     "`count` elsewhere can tell later whether anything before was changed.",
     NULL, NULL, "'/v1/audit/verify'"},
    {"getWhy", "Sentences, the deciding one first. Of others with the right to see $tenant/users.",
     NULL, NULL, "'/v1/why?user=bo&right=write&path=plant/line-1/temp'"},
    {"getCertificate",
     "Of the newest deleted tenant of this name. `state` is done when the samples of all its "
     "points were erased; `deleted` is the entry of the audit.",
     NULL, NULL, "'/v1/tenants/acme/certificate'"},
    {"makeDevices",
     "The first line names columns: name, and any of role (device unless told), branch (# unless "
     "told), password, fingerprint, common_name, title, expires. Each row is answered by a line, "
     "in the order they are done, with the number of its line in the file: refused with code and "
     "detail, or done, with its token where it has neither password nor certificate. The last line "
     "counts both.",
     NULL, NULL, "-H 'Content-Type: text/csv' --data-binary @devices.csv '/v1/devices/bulk'"},
    {"listChannels", "Where they lead is told to who may change them; secrets never.", NULL, NULL,
     "'/v1/channels'"},
    {"getChannel", NULL, NULL, NULL, "'/v1/channels/duty'"},
    {"putChannel", "A channel stays of its kind. A secret that is not said stays as it was.",
     KEY_HEADER,
     "-X PUT -H 'Content-Type: application/json' "
     "-d '{\"kind\":\"webhook\",\"url\":\"https://alarms.example.org/in\"}' '/v1/channels/duty'"},
    {"removeChannel", "Refused while a roster or a route names it.", NULL, NULL,
     "-X DELETE '/v1/channels/duty'"},
    {"testChannel", "Neither gathered nor held back by quiet hours.", NULL, NULL,
     "-X POST '/v1/channel-test/duty'"},
    {"listRosters", NULL, NULL, NULL, "'/v1/rosters'"},
    {"getRoster", NULL, NULL, NULL, "'/v1/rosters/duty?at=now%2B8h'"},
    {"putRoster", "The first step comes at once when it says so; nobody on call: the first member.",
     KEY_HEADER,
     "-X PUT -H 'Content-Type: application/json' "
     "-d '{\"members\":[{\"name\":\"ann\",\"channels\":[\"duty\"]}],\"steps\":[{\"to\":\"on "
     "call\"}]}' '/v1/rosters/duty'"},
    {"removeRoster", "Refused while a route leads to it.", NULL, NULL,
     "-X DELETE '/v1/rosters/duty'"},
    {"listNoticeRoutes", NULL, NULL, NULL, "'/v1/routes'"},
    {"getNoticeRoute", NULL, NULL, NULL, "'/v1/routes/all'"},
    {"putNoticeRoute", NULL, KEY_HEADER,
     "-X PUT -H 'Content-Type: application/json' "
     "-d '{\"match\":\"plant/#\",\"priority\":3,\"to\":{\"channel\":\"duty\"}}' '/v1/routes/all'"},
    {"removeNoticeRoute", NULL, NULL, NULL, "-X DELETE '/v1/routes/all'"},
    {"listDeliveries", NULL, NULL, NULL, "'/v1/deliveries?state=waiting'"},
    {"listProviders", "Without their secrets.", NULL, NULL, "'/v1/providers'"},
    {"putProvider",
     "`role` and `branch` are those of people who come for the first time; without them nobody "
     "gets in unasked. A secret that is not sent stays.",
     NULL, NULL,
     "-X PUT -H 'Content-Type: application/json' -d "
     "'{\"issuer\":\"https://login.example.org\",\"client_id\":\"mainstem\",\"secret\":\"..\"}' "
     "'/v1/providers/login'"},
    {"removeProvider", NULL, NULL, NULL, "-X DELETE '/v1/providers/login'"},
    {"exportTenant",
     "A line a thing: {\"tenant\":{..}}, then role, account, share, provider, policy, point, "
     "correction, annotation, audit. No secret is in it, and no samples: those are asked of "
     "/v1/samples. The export is in the audit.",
     NULL, NULL, "'/v1/tenants/acme/export'"},
    {"openLive",
     "A WebSocket (RFC 6455); each message is a JSON object in a text frame of at most 64 KiB. The "
     "viewer subscribes to patterns, hears a snapshot, then deltas; one that reads slowly loses "
     "intermediate values and is told how many. Messages are numbered; whoever comes back in time "
     "goes on where it was. The messages stand below.",
     NULL, NULL, NULL},
    {"streamEvents",
     "The same without a way back: event is the op, data the message, id is session:seq, so that "
     "an EventSource comes back by itself. At least one match is wanted, at most 32.",
     "Last-Event-ID", "id of the last event seen: goes on behind it",
     "-N '/v1/events?match=plant/%23'"},
    {"openMqtt",
     "A WebSocket with the subprotocol mqtt (MQTT 5, 6) whose binary frames carry MQTT 3.1.1 or 5: "
     "the same broker, sessions and limits as on the MQTT port.",
     NULL, NULL, NULL},
    {"getState", NULL, NULL, NULL, "'/v1/state'"},
    {"listSettings", NULL, NULL, NULL, "'/v1/settings'"},
    {"listRefused", NULL, NULL, NULL, "'/v1/refused'"},
    {"listClients", NULL, NULL, NULL, "'/v1/clients?match=press-*'"},
    {"listRetained", NULL, NULL, NULL, "'/v1/retained?match=plant/%23'"},
    {"listTopics",
     "Newest first. At most 4,096 topics are remembered, and no more than some 1,024 messages a "
     "second are looked at: counts are then estimates.",
     NULL, NULL, "'/v1/topics?contains=press'"},
    {"tryTopics", "Changes nothing. Topics that would change come first.", NULL, NULL,
     "-H 'Content-Type: application/json' -d '{\"template\":\"site/{2-}\"}' '/v1/topics/dry-run'"},
    {"getHealth", "For whoever restarts what does not live.", NULL, NULL, "'/healthz'"},
    {"getReady", "For whoever sends work: 503 says why it takes none.", NULL, NULL, "'/readyz'"},
    {"getMetrics", "Text format 0.0.4; docs/metrics.md lists the names.", NULL, NULL, "'/metrics'"},
    {"getOpenapi", NULL, NULL, NULL, "'/v1/openapi.json'"},
    {"getDocs", NULL, NULL, NULL, "'/docs'"},
    {"getDocsStyle", NULL, NULL, NULL, "'/docs.css'"},
};

const struct route_note *route_note_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(notes); i++)
        if (strcmp(notes[i].name, name) == 0)
            return &notes[i];
    return NULL;
}

static const struct route_argument arguments[] = {
    {"path", "path of the point; its slashes plain or as %2F"},
    {"name", "its name"},
    {"number", "its number"},
};

const struct route_argument *route_argument_find(const struct route *route)
{
    const char *brace = strchr(route->path, '{');
    for (size_t i = 0; brace != NULL && i < ARRAY_COUNT(arguments); i++) {
        size_t size = strlen(arguments[i].name);
        if (strncmp(brace + 1, arguments[i].name, size) == 0 && brace[size + 1] == '}')
            return &arguments[i];
    }
    check(brace == NULL); /* each has words */
    return NULL;
}

const struct live_message live_messages[] = {
    {true, "{\"op\":\"subscribe\",\"id\":1,\"match\":\"plant/#\"}",
     "a pattern, or an array of at most 32; id is an integer of your choice"},
    {true, "{\"op\":\"unsubscribe\",\"id\":1}", "ends it"},
    {true, "{\"op\":\"pace\",\"ms\":100}",
     "least time between deltas, 0 to 60000; 0, the beginning: as they come"},
    {true, "{\"op\":\"resume\",\"session\":\"..\",\"seq\":41}",
     "as the first message: go on where another connection ended"},
    {false, "{\"op\":\"hello\",\"session\":\"..\",\"seq\":0,\"keep_s\":60}",
     "at once; session and the last seq seen are for coming back within keep_s"},
    {false, "{\"op\":\"snapshot\",\"id\":1,\"seq\":1,\"last\":true,\"points\":[..]}",
     "answer to subscribe: at most 500 points a message, last in the last one"},
    {false,
     "{\"op\":\"delta\",\"seq\":2,\"skipped\":0,\"values\":[[17,21.6,1772352000250],"
     "[18,null,1772352000250,\"bad.no_value\"]]}",
     "what changed: point, value, source time in ms, then quality unless it is good, then the "
     "limit state when there is one; skipped: values that were replaced before they could be told"},
    {false, "{\"op\":\"added\",\"id\":1,\"seq\":3,\"points\":[..]}",
     "points that came to be, or were renamed, and match"},
    {false, "{\"op\":\"removed\",\"seq\":4,\"points\":[17]}", "retired, or renamed"},
    {false, "{\"op\":\"changed\",\"seq\":5,\"points\":[..]}", "unit, type or limits were changed"},
    {false, "{\"op\":\"unsubscribed\",\"id\":1}", "it ended"},
    {false, "{\"op\":\"resumed\",\"seq\":41}",
     "what changed since follows; subscriptions and pace are as they were"},
    {false, "{\"op\":\"gone\",\"detail\":\"..\"}",
     "the session is not known any more: subscribe again"},
    {false, "{\"op\":\"error\",\"code\":\"..\",\"detail\":\"..\"}",
     "what was wrong with a message; the connection stays"},
};
const size_t live_message_count = ARRAY_COUNT(live_messages);

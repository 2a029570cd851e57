/* Shapes of bodies and answers about people: sessions, users, roles, tokens, tenants, devices,
 * shares, the audit. */
#include "web/schema_words.h"

/* clang-format off */
#define RIGHTS_EXAMPLE "[\"see\",\"write\"]"
MEMBERS(session_branch_members) = {
    {"branch", "string", false, "where the role was granted", "\"plant/#\""},
    {"pattern", "string", false, "of the role: what both match is meant", "\"#\""},
    {"rights", "[]string", false, "see, write, acknowledge, configure, administer", RIGHTS_EXAMPLE},
    LAST};
MEMBERS(session_members) = {
    {"trial", "boolean", false, "nobody administers the server: whoever is on this machine may all", "false"},
    {"setup", "boolean", false, "the first account is wanted: POST /v1/setup", "false"},
    {"insecure", "boolean", false, "other machines reach it unencrypted, or while it is on trial: the setting insecure", "false"},
    {"entered", "boolean", false, "who asks is known", "true"},
    {"how", "none|anonymous|password|token|session|certificate|owner", false, "by what", "\"session\""},
    {"user", "string?", false, "name of the account", "\"ann\""},
    {"kind", "none|person|device|token|claim", false, "of the account", "\"person\""},
    {"title", "string?", false, "as people call it", "\"Ann Lee\""},
    {"language", "string?", false, "that was chosen", "\"zh\""},
    {"second_factor", "boolean", false, "the account has one", "false"},
    {"tenant", "string?", false, "of the account", "\"main\""},
    {"tenant_title", "string?", false, "as people call it", "\"Harbour works\""},
    {"session", "count?", false, "number of the browser's session", "17"},
    {"expires", "time?", false, "when the session ends", NULL},
    {"anywhere", "[]string", false, "rights that he has on some points", RIGHTS_EXAMPLE},
    {"branches", "[]SessionBranch", false, "rights on points, as they were granted", NULL},
    {"resources", "any", false, "of users, roles, tokens, devices, ..: those of which he may something, with the rights", "{\"users\":[\"see\"]}"},
    {"tenants", "[]string", false, "what stands before the paths of other tenants that he sees; up to 255", "[\"@acme/\"]"},
    {"tenants_count", "count", false, "how many there are", "1"},
    LAST};
MEMBERS(login_members) = {
    {"user", "string", false, "name, or name@tenant", "\"ann\""},
    {"password", "string", false, "up to 256 bytes", "\"correct horse battery\""},
    {"code", "string", true, "six digits of the second factor, or a recovery code", "\"123456\""},
    LAST};
MEMBERS(session_item_members) = {
    {"number", "count", false, "for DELETE /v1/sessions/{number}", "17"},
    {"begun", "time", false, "when", NULL},
    {"expires", "time?", false, "when it ends at the latest", NULL},
    {"address", "string?", false, "where it began", "\"192.0.2.7:50112\""},
    {"browser", "string?", false, "what it said of itself", "\"Mozilla/5.0\""},
    {"current", "boolean", false, "it is the one that asks", "true"},
    {"last_used", "time?", false, "since the server started", NULL},
    {"last_address", "string?", false, "and from where", NULL},
    LAST};
MEMBERS(sessions_members) = {
    {"sessions", "[]SessionItem", false, "oldest first, up to 1,000", NULL},
    LAST};
MEMBERS(people_done_members) = {
    {"outcome", "string", false, "done, or repeated", "\"done\""},
    {"first", "string", true, "the outcome of the first time", "\"done\""},
    {"text", "string", true, "the outcome as a sentence", "\"done\""},
    {"position", "count", true, "of the command in the journal", "123"},
    LAST};
MEMBERS(setup_members) = {
    {"token", "string", false, "what stands behind # in the link that the server wrote", "\"mst_u_..\""},
    {"name", "string", false, "of the account", "\"ann\""},
    {"password", "string", false, "10 to 256 bytes", "\"correct horse battery\""},
    {"title", "string", true, "as people call it", "\"Ann Lee\""},
    {"language", "string", true, "of the console", "\"en\""},
    LAST};
MEMBERS(invitation_accept_members) = {
    {"token", "string", false, "what stands behind # in the link", "\"mst_i_..\""},
    {"password", "string", false, "10 to 256 bytes", "\"correct horse battery\""},
    LAST};
MEMBERS(invitation_accepted_members) = {
    {"outcome", "string", false, "done", "\"done\""},
    {"user", "string", false, "who it is", "\"bo\""},
    {"tenant", "string", false, "of which tenant", "\"main\""},
    LAST};
MEMBERS(me_change_members) = {
    {"title", "string", true, "as people call you", "\"Ann Lee\""},
    {"language", "string", true, "of the console", "\"zh\""},
    {"password", "string", true, "10 to 256 bytes", NULL},
    {"old_password", "string", true, "as it is now", NULL},
    LAST};
MEMBERS(second_factor_members) = {
    {"uri", "string", false, "otpauth: address, for a picture that an application reads", "\"otpauth://totp/Mainstem:ann%40main?secret=..\""},
    {"secret", "string", false, "the same for typing, in base 32", "\"JBSWY3DPEHPK3PXP\""},
    LAST};
MEMBERS(second_factor_code_members) = {
    {"code", "string", false, "the six digits that the application shows", "\"123456\""},
    LAST};
MEMBERS(recovery_codes_members) = {
    {"recovery_codes", "[]string", false, "each works once; told once", "[\"abcd-efgh-ijkl-mnop\"]"},
    LAST};
MEMBERS(password_proof_members) = {
    {"password", "string", false, "as it is", "\"correct horse battery\""},
    LAST};
MEMBERS(grant_members) = {
    {"role", "string", false, "name of a role", "\"operator\""},
    {"branch", "string", true, "pattern of paths; # unless told", "\"plant/#\""},
    LAST};
#define ACCOUNT_MEMBERS \
    {"name", "string", false, "unique among its kind in the tenant", "\"bo\""}, \
    {"title", "string?", false, "as people call it", NULL}, \
    {"state", "active|disabled|invited", false, "only active ones are let in", NULL}, \
    {"grants", "[]Grant", false, "what it may", NULL}, \
    {"owner", "string?", false, "who made it", "\"ann\""}, \
    {"created", "time", false, "when", NULL}, \
    {"expires", "time?", false, "from when on it is not let in; null: never", NULL}, \
    {"number", "count", false, "for ever", "3"}, \
    {"last_used", "time?", false, "when it entered last, since the server started", NULL}, \
    {"last_address", "string?", false, "and from where", NULL}
MEMBERS(user_members) = {
    ACCOUNT_MEMBERS,
    {"email", "string?", false, "where to reach", "\"bo@example.org\""},
    {"language", "string?", false, "of the console", NULL},
    {"password", "boolean", false, "there is one", "true"},
    {"second_factor", "boolean", false, "there is one", "false"},
    LAST};
MEMBERS(users_members) = {
    {"users", "[]User", false, "in the order they were made", NULL},
    {"next", "string?", false, "give it as `after` for the next page", "null"},
    LAST};
MEMBERS(invitation_members) = {
    {"token", "string", false, "for POST /v1/invitation", "\"mst_i_..\""},
    {"link", "string", false, "behind the server's address: for a browser", "\"/invitation#mst_i_..\""},
    {"expires", "time?", false, "when it is void", NULL},
    LAST};
#define USER_PARTICULARS \
    {"title", "string", true, "as people call him, up to 256 bytes", "\"Bo Chen\""}, \
    {"email", "string", true, "where to reach him, up to 256 bytes", "\"bo@example.org\""}, \
    {"language", "string", true, "of the console", "\"zh\""}, \
    {"grants", "[]Grant", true, "up to 16, replaced whole", NULL}
MEMBERS(user_make_members) = {
    {"name", "string", false, "1 to 128 bytes, unique", "\"bo\""},
    USER_PARTICULARS,
    {"expires", "time", true, "from when on he is not let in", NULL},
    {"password", "string", true, "without it he gets an invitation", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(user_change_members) = {
    {"name", "string", true, "another name", NULL},
    USER_PARTICULARS,
    {"expires", "time?", true, "from when on he is not let in; null: never", NULL},
    {"state", "active|disabled", true, "disabled: out at once", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(user_reset_members) = {
    {"second_factor", "boolean", true, "it goes as well", "true"},
    LAST};
MEMBERS(user_answer_members) = {
    {"outcome", "string", false, "done", "\"done\""},
    {"user", "User?", false, "as he is now; null: removed", NULL},
    {"invitation", "Invitation", true, "told once", NULL},
    LAST};
MEMBERS(role_right_members) = {
    {"pattern", "string", false, "of paths, or of resources as $tenant/users", "\"plant/#\""},
    {"rights", "[]string", false, "see, write, acknowledge, configure, administer; in a body also \"all\" instead of an array", RIGHTS_EXAMPLE},
    LAST};
MEMBERS(role_members) = {
    {"name", "string", false, "unique in the tenant", "\"guest\""},
    {"title", "string?", false, "what it is for", NULL},
    {"builtin", "boolean", false, "it is in every tenant, and cannot be changed", "false"},
    {"rights", "[]RoleRight", false, "what it allows", NULL},
    LAST};
MEMBERS(roles_members) = {
    {"roles", "[]Role", false, "the built-in ones first", NULL},
    LAST};
MEMBERS(role_put_members) = {
    {"title", "string", true, "what it is for", NULL},
    {"rights", "[]RoleRight", false, "up to 16", NULL},
    KEY_MEMBERS,
    LAST};
#define PEOPLE_OUTCOME \
    {"outcome", "string", false, "done, or repeated", "\"done\""}, \
    {"first", "string", false, "the outcome of the first time", "\"done\""}, \
    {"text", "string", false, "the outcome as a sentence", "\"done\""}, \
    {"position", "count", false, "of the command in the journal", "123"}
MEMBERS(role_answer_members) = {
    PEOPLE_OUTCOME,
    {"role", "Role?", false, "as it is now; null: removed", NULL},
    LAST};
MEMBERS(token_members) = {
    ACCOUNT_MEMBERS,
    LAST};
MEMBERS(tokens_members) = {
    {"tokens", "[]Token", false, "in the order they were made", NULL},
    {"next", "string?", false, "give it as `after` for the next page", "null"},
    LAST};
MEMBERS(token_make_members) = {
    {"name", "string", false, "1 to 128 bytes, unique", "\"backup\""},
    {"title", "string", true, "what it is for", NULL},
    {"grants", "[]Grant", false, "no more than you may yourself", NULL},
    {"expires", "time", true, "when it ends; else never", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(token_answer_members) = {
    {"outcome", "string", false, "done", "\"done\""},
    {"token", "Token?", false, "as it is now; null: removed", NULL},
    {"text", "string", true, "the token itself, told once", "\"mst_a_..\""},
    LAST};
MEMBERS(quota_members) = {
    {"used", "count", false, "now; of a rate in the last second", "512"},
    {"most", "count?", false, "null: no limit but the server's", "10000"},
    {"refused", "count", false, "how often it was reached since the start", "0"},
    LAST};
MEMBERS(quotas_members) = {
    {"points", "Quota", false, "points there are", NULL},
    {"points_per_second", "Quota", false, "new points", NULL},
    {"values_per_second", "Quota", false, "values that are taken", NULL},
    {"connections", "Quota", false, "at once", NULL},
    {"storage_bytes", "Quota", false, "of history, kept messages and documents", NULL},
    {"queries_at_once", "Quota", false, "questions and statements", NULL},
    LAST};
MEMBERS(tenant_quota_members) = {
    {"tenant", "string?", false, "whose", "\"acme\""},
    {"quotas", "Quotas", false, "by kind", NULL},
    LAST};
MEMBERS(tenant_members) = {
    {"name", "string", false, "a-z, 0-9 and -", "\"acme\""},
    {"number", "count", false, "for ever", "2"},
    {"title", "string?", false, "as people call it", "\"Acme Ltd\""},
    {"state", "active|suspended|deleted", false, "suspended: nobody of it is let in", NULL},
    {"created", "time?", false, "null: it was always there", NULL},
    {"users", "count", false, "people", "4"},
    {"devices", "count", false, "machines", "120"},
    {"accounts", "count", false, "of all kinds", "130"},
    {"roles", "count", false, "of its own", "1"},
    {"shares_given", "count", false, "that it offered or gives", "1"},
    {"shares_taken", "count", false, "that it was offered or takes", "0"},
    {"quotas", "Quotas", false, "used and most", NULL},
    LAST};
MEMBERS(tenants_members) = {
    {"tenants", "[]Tenant", false, "in the order they were made", NULL},
    {"next", "string?", false, "give it as `after` for the next page", "null"},
    LAST};
MEMBERS(tenant_make_members) = {
    {"name", "string", false, "1 to 64 of a-z, 0-9 and - inside", "\"acme\""},
    {"title", "string", true, "as people call it", "\"Acme Ltd\""},
    {"quotas", "{}count?", true, "by kind; null or 0: no limit", "{\"points\":10000}"},
    KEY_MEMBERS,
    LAST};
MEMBERS(tenant_change_members) = {
    {"title", "string", true, "as people call it", "\"Acme Ltd\""},
    {"quotas", "{}count?", true, "by kind; those that are not named stay", "{\"points\":10000}"},
    {"state", "active|suspended", true, "suspended: everybody of it is out at once", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(tenant_answer_members) = {
    PEOPLE_OUTCOME,
    {"tenant", "Tenant?", false, "as it is now", NULL},
    LAST};
MEMBERS(gone_deleted_members) = {
    {"entry", "count", false, "number in the audit", "1042"},
    {"position", "count", false, "in the journal", "99812"},
    {"time", "time", false, "when", NULL},
    {"actor", "string", false, "by whom", "\"ann@main\""},
    {"chain", "string", false, "of the audit at this entry, in base 16", NULL},
    LAST};
MEMBERS(gone_erasure_members) = {
    {"number", "count", false, "of the erasure", "3"},
    {"points", "count", false, "points whose samples went", "480"},
    {"complete", "boolean", false, "all of them", "true"},
    {"position", "count", false, "of its first command in the journal", "99813"},
    {"position_last", "count", false, "of its last", "99820"},
    {"time", "time", false, "when it began", NULL},
    LAST};
MEMBERS(gone_audit_members) = {
    {"count", "count", false, "entries there are now", "1100"},
    {"head", "string", false, "chain of the newest, in base 16", NULL},
    LAST};
MEMBERS(gone_left_members) = {
    {"retained", "count", false, "retained messages that are still there", "0"},
    {"kept_bytes", "count", false, "of sessions, their queues and wills, and of messages that are still there", "0"},
    LAST};
MEMBERS(gone_members) = {
    {"tenant", "string", false, "which", "\"acme\""},
    {"number", "count", false, "its number, never given again", "2"},
    {"title", "string?", false, "as people called it", NULL},
    {"went", "string?", false, "what it had, as the audit says it; null: nothing says it any more", "\"accounts 130, people 4, devices 120, roles 1, shares given 1, taken 0, points 300, bytes stored 70112, retained messages 4, bytes of sessions and messages 912\""},
    {"deleted", "TenantCertificateDeleted?", false, "entry of the audit; null: nothing says it any more", NULL},
    {"erasure", "TenantCertificateErasure?", false, "null: not begun", NULL},
    {"left", "TenantCertificateLeft", false, "what is still to go beside samples", NULL},
    {"state", "done|under way", false, "whether all is gone", NULL},
    {"audit", "TenantCertificateAudit", false, "the chain as it is now", NULL},
    LAST};
MEMBERS(provider_members) = {
    {"name", "string", false, "unique in the tenant", "\"login\""},
    {"issuer", "string", false, "its address", "\"https://login.example.org\""},
    {"client_id", "string", false, "what we are called there", "\"mainstem\""},
    {"secret", "boolean", false, "there is one", "true"},
    {"scopes", "string?", false, "beside openid", "\"email profile\""},
    {"role", "string?", false, "of who comes for the first time; null: nobody gets in unasked", "\"viewer\""},
    {"branch", "string?", false, "where he has it", "\"#\""},
    LAST};
MEMBERS(providers_members) = {
    {"providers", "[]Provider", false, "in the order they were made", NULL},
    LAST};
MEMBERS(login_provider_members) = {
    {"name", "string", false, "for the address that begins", "\"login\""},
    LAST};
MEMBERS(logins_members) = {
    {"providers", "[]LoginProvider", false, "in the order they were made", NULL},
    LAST};
MEMBERS(account_link_members) = {
    {"number", "count", false, "for ending it", "12"},
    {"provider", "string?", false, "the tenant's provider of that issuer; null: there is none any more", "\"login\""},
    {"issuer", "string", false, "whose word is taken", "\"https://login.example.org\""},
    {"subject", "string", false, "who he is there", "\"248289761001\""},
    {"label", "string?", false, "as he was called there when it was made", "\"ann@example.org\""},
    {"created", "time", false, "when it was made", NULL},
    LAST};
MEMBERS(account_links_members) = {
    {"links", "[]Link", false, "in the order they were made", NULL},
    LAST};
MEMBERS(link_begun_members) = {
    {"url", "string", false, "where the browser goes", "\"https://login.example.org/authorize?response_type=code\""},
    LAST};
MEMBERS(provider_put_members) = {
    {"issuer", "string", false, "its address, up to 512 bytes", "\"https://login.example.org\""},
    {"client_id", "string", false, "what we are called there, up to 512 bytes", "\"mainstem\""},
    {"secret", "string", true, "up to 200 bytes; kept sealed", NULL},
    {"scopes", "string", true, "beside openid", "\"email profile\""},
    {"role", "string", true, "of who comes for the first time, with branch", "\"viewer\""},
    {"branch", "string", true, "where he has it", "\"#\""},
    KEY_MEMBERS,
    LAST};
MEMBERS(provider_answer_members) = {
    PEOPLE_OUTCOME,
    {"provider", "Provider?", false, "as it is now; null: removed", NULL},
    LAST};

#define DEVICE_MEMBERS \
    ACCOUNT_MEMBERS, \
    {"password", "boolean", false, "there is one", "false"}, \
    {"certificates", "[]string", false, "SHA-256 fingerprints, and CN=name", "[]"}, \
    {"token", "boolean", false, "there is one", "true"}
MEMBERS(device_members) = {
    DEVICE_MEMBERS,
    LAST};
MEMBERS(devices_members) = {
    {"devices", "[]Device", false, "in the order they were made", NULL},
    {"next", "string?", false, "give it as `after` for the next page", "null"},
    LAST};
MEMBERS(device_make_members) = {
    {"name", "string", false, "1 to 128 bytes, unique", "\"press-3\""},
    {"title", "string", true, "what it is", "\"Press 3, hall A\""},
    {"grants", "[]Grant", true, "the role device unless told", NULL},
    {"expires", "time", true, "from when on it is not let in", NULL},
    {"password", "string", true, "10 to 256 bytes", NULL},
    {"fingerprint", "string", true, "SHA-256 of its certificate, 64 digits of base 16", NULL},
    {"common_name", "string", true, "of its certificate, up to 200 bytes", "\"press-3\""},
    {"token", "boolean", true, "it gets one; true unless anything else proves it", "true"},
    KEY_MEMBERS,
    LAST};
MEMBERS(device_change_members) = {
    {"name", "string", true, "another name", NULL},
    {"title", "string", true, "what it is", NULL},
    {"grants", "[]Grant", true, "replaced whole", NULL},
    {"expires", "time?", true, "from when on it is not let in; null: never", NULL},
    {"state", "active|disabled", true, "disabled: out at once", NULL},
    {"fingerprint", "string", true, "of one more certificate, SHA-256, 64 digits of base 16", NULL},
    {"common_name", "string", true, "of one more certificate, up to 200 bytes", NULL},
    {"certificates", "any", true, "null: those that it has are void before any is added", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(device_answer_members) = {
    {"outcome", "string", false, "done", "\"done\""},
    {"device", "Device?", false, "as it is now; null: removed", NULL},
    {"text", "string", true, "its token, told once", "\"mst_d_..\""},
    LAST};
MEMBERS(device_line_members) = {
    {"line", "count", false, "of the CSV, from 1", "2"},
    {"name", "string", false, "as it stands there", "\"press-3\""},
    {"outcome", "done|refused", false, "whether it was made", NULL},
    {"token", "string", true, "told once; none where it has a password or a certificate", "\"mst_d_..\""},
    {"code", "string", true, "why it was refused", NULL},
    {"detail", "string", true, "the same as a sentence", NULL},
    LAST};
MEMBERS(devices_count_members) = {
    {"last", "boolean", false, "nothing is missing: each line of the CSV has its answer", "true"},
    {"made", "count", false, "devices that were made", "500"},
    {"refused", "count", false, "lines that were refused", "0"},
    LAST};
MEMBERS(claim_members) = {
    ACCOUNT_MEMBERS,
    {"uses_left", "count?", false, "devices that it may still make; null: any number", "40"},
    LAST};
MEMBERS(claims_members) = {
    {"claims", "[]Claim", false, "in the order they were made", NULL},
    {"next", "string?", false, "give it as `after` for the next page", "null"},
    LAST};
MEMBERS(claim_make_members) = {
    {"name", "string", false, "1 to 128 bytes, unique", "\"line-4\""},
    {"title", "string", true, "what it is for", NULL},
    {"grants", "[]Grant", true, "of the devices; the role device unless told", NULL},
    {"expires", "time", true, "when it ends; else never", NULL},
    {"uses", "integer", true, "how many devices it makes; else any number", "40"},
    KEY_MEMBERS,
    LAST};
MEMBERS(claim_answer_members) = {
    {"outcome", "string", false, "done", "\"done\""},
    {"claim", "Claim?", false, "as it is now; null: removed", NULL},
    {"key", "string", true, "the claim key itself, told once", "\"mst_c_..\""},
    LAST};
MEMBERS(provision_members) = {
    {"claim", "string", false, "the claim key", "\"mst_c_..\""},
    {"name", "string", false, "the device's, 1 to 128 bytes", "\"press-4\""},
    LAST};
MEMBERS(provisioned_members) = {
    {"outcome", "string", false, "done", "\"done\""},
    {"device", "string", false, "its name", "\"press-4\""},
    {"tenant", "string", false, "of which tenant", "\"main\""},
    {"token", "string", false, "told once", "\"mst_d_..\""},
    LAST};
MEMBERS(share_members) = {
    {"number", "count", false, "for ever", "1"},
    {"from", "string", false, "who lets", "\"acme\""},
    {"to", "string", false, "who sees", "\"fire-brigade\""},
    {"state", "offered|active|ended", false, "nothing is seen but of an active one", NULL},
    {"rights", "[]string", false, "see, or see and acknowledge", "[\"see\"]"},
    {"patterns", "[]string", false, "of paths", "[\"fire/#\"]"},
    {"title", "string?", false, "what it is for", NULL},
    {"offered", "time", false, "when", NULL},
    {"accepted", "time?", false, "when", NULL},
    {"ended", "time?", false, "when", NULL},
    LAST};
MEMBERS(shares_members) = {
    {"given", "[]Share", false, "by this tenant", NULL},
    {"taken", "[]Share", false, "by others, for it", NULL},
    {"next", "string?", false, "give it as `after` for the next page", "null"},
    LAST};
MEMBERS(share_offer_members) = {
    {"to", "string", false, "name of a tenant", "\"fire-brigade\""},
    {"patterns", "[]string", false, "1 to 8 of paths", "[\"fire/#\"]"},
    {"rights", "[]string", true, "see unless told; see and acknowledge", "[\"see\"]"},
    {"title", "string", true, "what it is for", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(share_answer_members) = {
    PEOPLE_OUTCOME,
    {"share", "Share?", false, "as it is now", NULL},
    LAST};
MEMBERS(audit_entry_members) = {
    {"number", "count", false, "from 1, without a gap, of all tenants together", "1042"},
    {"position", "count", false, "in the journal", "99812"},
    {"time", "time", false, "when", NULL},
    {"wall_ns", "string", false, "the same in ns since 1970, for the chain", "\"1772352000000000000\""},
    {"tenant", "string?", false, "whose matter", "\"main\""},
    {"tenant_number", "count", false, "its number", "1"},
    {"account", "count", false, "number of who did it; 0: none", "3"},
    {"door", "none|mqtt|http|control|server", false, "where he stood", NULL},
    {"actor", "string", false, "who, as people know him", "\"ann@main\""},
    {"address", "string", false, "from where", "\"192.0.2.7:50112\""},
    {"action", "string", false, "login, denied, account.set, ..", "\"account.set\""},
    {"object", "string", false, "of what", "\"person/bo\""},
    {"detail", "string", false, "how", "\"grants operator on north/#\""},
    {"outcome", "string", false, "done, or why not", "\"done\""},
    {"chain", "string", false, "SHA-256 in base 16", NULL},
    LAST};
MEMBERS(audit_members) = {
    {"entries", "[]AuditEntry", false, "newest first", NULL},
    {"next", "string?", false, "give it as `after` for the next page", "null"},
    {"oldest", "count", false, "number of the oldest that can be listed", "1"},
    LAST};
MEMBERS(tenant_line_members) = {
    {"tenant", "Tenant", true, "itself, first", NULL},
    {"role", "Role", true, "of its own", NULL},
    {"account", "any", true, "person, device, token or claim key (kind), without what proves it", NULL},
    {"share", "Share", true, "given or taken", NULL},
    {"provider", "Provider", true, "without its secret", NULL},
    {"policy", "any", true, "as PUT /v1/policies/{name} takes it, with its name", NULL},
    {"point", "Point", true, "that is not retired", NULL},
    {"correction", "any", true, "correction, point, path, time, value, reason, author, made", NULL},
    {"annotation", "any", true, "annotation, point, path, time, to, text, author, made", NULL},
    {"retained", "any", true, "topic, qos, payload_base64, expires", NULL},
    {"audit", "AuditEntry", true, "oldest first", NULL},
    LAST};
MEMBERS(audit_check_members) = {
    {"whole", "boolean", false, "each entry follows from the one before", "true"},
    {"count", "count", false, "number of the newest entry", "1042"},
    {"oldest", "count", false, "from where on it was computed: 1, if all of it is kept", "1"},
    {"broken", "count?", false, "the first that does not follow, or is missing; null: none", "null"},
    {"head", "string", false, "chain of the newest entry, in base 16", NULL},
    LAST};
MEMBERS(why_members) = {
    {"why", "[]string", false, "the deciding sentence first", "[\"yes: operator on north/#\"]"},
    {"may", "boolean", false, "whether", "true"},
    LAST};

const struct schema schemas_people[] = {
    {"DevicesCsv", "CSV of devices, with a head.", NULL, "string", false, NULL, NULL},
    {"Provider", "An OpenID provider, without its secret.", provider_members, NULL, true, NULL, NULL},
    {"Providers", "All providers of a tenant.", providers_members, NULL, true, NULL, NULL},
    {"LoginProvider", "By whom one may log in.", login_provider_members, NULL, true, NULL, NULL},
    {"Logins", "Providers of a tenant.", logins_members, NULL, true, NULL, NULL},
    {"Link", "Somebody of a provider who is this account.", account_link_members, NULL, true, NULL, NULL},
    {"Links", "All of an account.", account_links_members, NULL, true, NULL, NULL},
    {"LinkBegun", "A link that the browser finishes.", link_begun_members, NULL, true, NULL, NULL},
    {"ProviderPut", "What a provider says.", provider_put_members, NULL, false, NULL, NULL},
    {"ProviderAnswer", "What became of it.", provider_answer_members, NULL, true, NULL, NULL},
    {"TenantCertificateDeleted", "Who deleted a tenant, and when.", gone_deleted_members, NULL, true, NULL, NULL},
    {"TenantCertificateLeft", "What of a deleted tenant is still to go.", gone_left_members, NULL, true, NULL, NULL},
    {"TenantCertificateErasure", "The erasure of a deleted tenant.", gone_erasure_members, NULL, true, NULL, NULL},
    {"TenantCertificateAudit", "The chain of the audit.", gone_audit_members, NULL, true, NULL, NULL},
    {"TenantCertificate", "What went of a deleted tenant.", gone_members, NULL, true, NULL, NULL},
    {"Device", "A machine.", device_members, NULL, true, NULL, NULL},
    {"Devices", "A page of machines.", devices_members, NULL, true, NULL, NULL},
    {"DeviceMake", "A new machine.", device_make_members, NULL, false, NULL, NULL},
    {"DeviceChange", "What of a machine is to be changed; what is not named stays.", device_change_members, NULL, false, NULL, NULL},
    {"DeviceAnswer", "What became of it.", device_answer_members, NULL, true, NULL, NULL},
    {"DeviceLine", "What became of a line of CSV.", device_line_members, NULL, true, NULL, NULL},
    {"DevicesCount", "The last line: how many there were.", devices_count_members, NULL, true, NULL, NULL},
    {"DevicesLine", "A line of the answer; they come in the order in which they are done.", NULL, "DeviceLine DevicesCount", true, NULL, NULL},
    {"Claim", "A claim key, without its text.", claim_members, NULL, true, NULL, NULL},
    {"Claims", "A page of claim keys.", claims_members, NULL, true, NULL, NULL},
    {"ClaimMake", "A new claim key.", claim_make_members, NULL, false, NULL, NULL},
    {"ClaimAnswer", "What became of it.", claim_answer_members, NULL, true, NULL, NULL},
    {"Provision", "A device that makes itself.", provision_members, NULL, false, NULL, NULL},
    {"Provisioned", "The device that was made.", provisioned_members, NULL, true, NULL, NULL},
    {"Share", "A tenant lets another see branches.", share_members, NULL, true, NULL, NULL},
    {"Shares", "Shares of a tenant, up to 1,000 of each side.", shares_members, NULL, true, NULL, NULL},
    {"ShareOffer", "A new share.", share_offer_members, NULL, false, NULL, NULL},
    {"ShareAnswer", "What became of it.", share_answer_members, NULL, true, NULL, NULL},
    {"AuditEntry", "What somebody did.", audit_entry_members, NULL, true, NULL, NULL},
    {"Audit", "A page of the audit.", audit_members, NULL, true, NULL, NULL},
    {"TenantLine", "A thing of a tenant: each line has one of these members.", tenant_line_members, NULL, true, NULL, NULL},
    {"AuditCheck", "Whether the chain is whole.", audit_check_members, NULL, true, NULL, NULL},
    {"Why", "Why somebody may, or may not.", why_members, NULL, true, NULL, NULL},
    {"SessionBranch", "A right on points, as it was granted.", session_branch_members, NULL, true, NULL, NULL},
    {"Session", "Who asks, and what he may.", session_members, NULL, true, NULL, NULL},
    {"Login", "Who logs in.", login_members, NULL, false, NULL, NULL},
    {"SessionItem", "A browser that is logged in.", session_item_members, NULL, true, NULL, NULL},
    {"Sessions", "Browsers that are logged in.", sessions_members, NULL, true, NULL, NULL},
    {"PeopleDone", "It was done.", people_done_members, NULL, true, NULL, NULL},
    {"MeAnswer", "It was done; after a change of the password, who is logged in now.", NULL, "PeopleDone Session", true, NULL, NULL},
    {"Setup", "The first account.", setup_members, NULL, false, NULL, NULL},
    {"InvitationAccept", "A password for who was invited.", invitation_accept_members, NULL, false, NULL, NULL},
    {"InvitationAccepted", "Who can log in now.", invitation_accepted_members, NULL, true, NULL, NULL},
    {"MeChange", "What of yourself is to be changed.", me_change_members, NULL, false, NULL, NULL},
    {"SecondFactor", "What an authenticator application reads.", second_factor_members, NULL, true, NULL, NULL},
    {"SecondFactorCode", "A code of it.", second_factor_code_members, NULL, false, NULL, NULL},
    {"RecoveryCodes", "For who has lost the application.", recovery_codes_members, NULL, true, NULL, NULL},
    {"PasswordProof", "That it is you.", password_proof_members, NULL, false, NULL, NULL},
    {"Grant", "A role, within a branch.", grant_members, NULL, false, NULL, NULL},
    {"User", "A person.", user_members, NULL, true, NULL, NULL},
    {"Users", "A page of people.", users_members, NULL, true, NULL, NULL},
    {"Invitation", "Whoever has it chooses the password.", invitation_members, NULL, true, NULL, NULL},
    {"UserMake", "A new person.", user_make_members, NULL, false, NULL, NULL},
    {"UserChange", "What of a person is to be changed; what is not named stays.", user_change_members, NULL, false, NULL, NULL},
    {"UserReset", "What ends beside password and sessions.", user_reset_members, NULL, false, NULL, NULL},
    {"UserAnswer", "What became of it.", user_answer_members, NULL, true, NULL, NULL},
    {"RoleRight", "Rights on a pattern.", role_right_members, NULL, false, NULL, NULL},
    {"Role", "A name for rights.", role_members, NULL, true, NULL, NULL},
    {"Roles", "All roles of a tenant.", roles_members, NULL, true, NULL, NULL},
    {"RolePut", "What a role says.", role_put_members, NULL, false, NULL, NULL},
    {"RoleAnswer", "What became of it.", role_answer_members, NULL, true, NULL, NULL},
    {"Token", "An API token, without its text.", token_members, NULL, true, NULL, NULL},
    {"Tokens", "A page of tokens.", tokens_members, NULL, true, NULL, NULL},
    {"TokenMake", "A new token.", token_make_members, NULL, false, NULL, NULL},
    {"TokenAnswer", "What became of it.", token_answer_members, NULL, true, NULL, NULL},
    {"Quota", "What is used, and what may be.", quota_members, NULL, true, NULL, NULL},
    {"Quotas", "Quotas of a tenant.", quotas_members, NULL, true, NULL, NULL},
    {"TenantQuota", "Quotas of a tenant.", tenant_quota_members, NULL, true, NULL, NULL},
    {"Tenant", "Who shares the server.", tenant_members, NULL, true, NULL, NULL},
    {"Tenants", "A page of tenants.", tenants_members, NULL, true, NULL, NULL},
    {"TenantMake", "A new tenant.", tenant_make_members, NULL, false, NULL, NULL},
    {"TenantChange", "What of a tenant is to be changed; what is not named stays.", tenant_change_members, NULL, false, NULL, NULL},
    {"TenantAnswer", "What became of it.", tenant_answer_members, NULL, true, NULL, NULL},
};
/* clang-format on */
const size_t schemas_people_count = ARRAY_COUNT(schemas_people);

/* alarms: what the handlers of rules, alarms, their journal and statistics share.
 *
 *   rules.c, rules_set.c, rules_preview.c     rules
 *   alarms.c          those that are not normal: lists, one whole
 *   alarms_filter.c   which of them are meant, by query or by body; their paths; who may see them
 *   alarms_act.c, alarms_journal.c, alarms_statistics.c, alarms_handover.c
 *
 * Who sees an alarm. Whoever sees the path of its point, or the branch of a rule that stands on
 * nothing; and so its entries in the journal. Alarms on what another tenant shares are seen with
 * it, under "@name/..". A condition, and the explanation of an alarm, may name other points: they
 * are told to whoever sees all of those. */
#pragma once

#include "web/assets.h"

/* ---- alarms_filter.c ---------------------------------------------------------------------------
 */
/* Path of the point of an alarm or entry, or its rule's branch; *ret_size 0: a branch that is all
 * of the tenant. False: it is not known any more. */
bool alarm_path(const struct exchange *exchange, uint32_t rule, uint32_t point,
                uint8_t path[PATH_MAX_BYTES], size_t *ret_size);
/* May he? An alarm of all of the tenant: who may everywhere. */
bool alarm_may(struct exchange *exchange, enum access_right right, uint32_t tenant, uint32_t rule,
               uint32_t point);
/* The rule, as it is; false: it was removed. */
bool rule_of(const struct exchange *exchange, uint32_t rule, struct rule_view *ret_view);
/* Does he see all that the rule looks at, wherever it stands? Of a metric of the asset that a
 * point belongs to, that is known of a rule on one point alone. */
bool rule_is_open(struct exchange *exchange, const struct rule_view *rule);
/* May he read why it was raised at wall_ns? Of expressions and deviations that names other points:
 * he who sees each that the rule looks at for this point, as it was said before that time. */
bool alarm_why_is_open(struct exchange *exchange, uint8_t kind, const struct rule_view *rule,
                       uint32_t point, int64_t wall_ns);
/* The asset an alarm's point belongs to, else in whose branch it lies, or whose path the rule's
 * branch is; ASSET_NONE. */
uint32_t alarm_asset(const struct exchange *exchange, uint32_t tenant, uint32_t rule,
                     uint32_t point);
/* His own, or that of match=@name/..; 0: none that he could see. */
struct alarm_filter {
    uint32_t tenant;
    bool others; /* not his own: assets and rules by name are not asked for there */
    bool none;   /* nothing can match */
    bool normal; /* those as well that are normal and can be undone */
    bool by_match, by_rule, by_type, by_under, by_assignee;
    uint32_t states;             /* bits of enum alarm_state; 0: all */
    uint32_t priorities, events; /* bits; 0: all */
    uint32_t rule, type, under;
    size_t contains_size, assignee_size;
    uint8_t contains[CONTAINS_MAX], assignee[CONTAINS_MAX];
    struct pattern match;
};
/* From the query's parameters: state, priority, match, rule, type, under, assignee, contains; those
 * that the route does not have are not there. False: it was answered. */
bool filter_query(struct exchange *exchange, struct alarm_filter *filter);
/* The same from an object of a body. False: the wish says what is wrong. */
bool filter_read(struct exchange *exchange, struct wish *wish, struct alarm_filter *filter);
/* What of an alarm or of an entry of the journal the filter asks for; and may he see it? */
bool filter_wants(struct exchange *exchange, const struct alarm_filter *filter, uint32_t tenant,
                  uint32_t rule, uint32_t point, uint8_t priority);
bool filter_wants_alarm(struct exchange *exchange, const struct alarm_filter *filter,
                        const struct alarm_view *view);
unsigned alarm_state_parse(struct bytes word);    /* ALARM_STATES: none */
unsigned alarm_happened_parse(struct bytes word); /* UINT8_MAX: none */
void put_state(struct json_writer *json, const char *name, uint8_t state);

/* ---- alarms.c -----------------------------------------------------------------------------------
 */
/* What a point is held against: the rule's limit, or the point's own, or its metric's; NaN. */
double alarm_limit(const struct exchange *exchange, const struct rule_plan *plan, uint32_t point);
void alarm_put(struct exchange *exchange, const struct alarm_view *view); /* an object */
/* Counts one as alarms_counts does. */
void alarm_count(struct alarm_counts *counts, const struct alarm_view *view);
enum handled answer_no_alarm(struct exchange *exchange, struct bytes number);
/* Alarms of a tenant, the newest change first, while they come and go: zero at first. */
struct alarm_walk {
    uint64_t entry; /* those that changed with it or later are behind; 0: none is */
    uint32_t row;   /* private: where it is, and what that changed with */
    uint64_t left;
};
#define ALARM_WALK_MOST 1024 /* rows looked at in one call */
enum alarm_walked { WALK_END, WALK_FOUND, WALK_MORE };
enum alarm_walked alarm_walk_next(const struct alarms *alarms, uint32_t tenant,
                                  struct alarm_walk *walk, struct alarm_view *ret_view);

/* ---- alarms_journal.c
 * ---------------------------------------------------------------------------- */
void alarm_entry_put(struct exchange *exchange, const struct alarm_entry *entry); /* an object */
bool alarm_entry_seen(struct exchange *exchange, const struct alarm_entry *entry);

/* ---- rules.c
 * ------------------------------------------------------------------------------------- */
/* Members of a rule, within an object. */
void rule_put(struct exchange *exchange, const struct rule_view *view);
bool rule_seen(struct exchange *exchange, const struct rule_view *view);
/* The rule of this name that he sees; 0: none. */
uint32_t rule_named(struct exchange *exchange, struct bytes name);
enum handled answer_no_rule(struct exchange *exchange, struct bytes name);
unsigned rule_kind_parse(struct bytes word); /* RULE_KINDS: none */

/* ---- rules_set.c
 * --------------------------------------------------------------------------------- */
#define RULE_MEMBERS                                                                               \
    "title enabled kind on path type metric priority limit deadband span direction reference "     \
    "states condition on_delay off_delay latch acknowledge realarm chatter cause consequence response "    \
    "group"
/* Members that answers have and nobody sets. */
void rule_members_drop(struct wish *wish);
/* Does he see all that it looks at? False: it was answered. */
bool rule_plan_may(struct exchange *exchange, const struct rule_plan *plan);
/* The body of a rule into a form. False: it was answered. */
bool rule_form_read(struct exchange *exchange, struct wish *wish, struct bytes name,
                    struct form_writer *form);

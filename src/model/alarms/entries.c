/* What happened to alarms: a ring of entries, and which of the computed ones the journal does not
 * have so far. */
#include "model/alarms/tables.h"

/* ---- adding ------------------------------------------------------------------------------------
 */
static uint32_t ring_row(uint64_t number)
{
    return (uint32_t)((number - 1) % ALARM_ENTRIES_KEPT);
}

static const struct entry_entry *entry_at(const struct alarms *alarms, uint64_t number)
{
    return state_read(&alarms->entries, ring_row(number));
}

uint64_t alarms_entries(const struct alarms *alarms)
{
    return alarms->roots->entries;
}

uint64_t alarms_entries_first(const struct alarms *alarms)
{
    uint64_t entries = alarms->roots->entries;
    return entries > ALARM_ENTRIES_KEPT ? entries - ALARM_ENTRIES_KEPT + 1 : 1;
}

/* The first computed entry behind this number; there is one. */
static uint64_t computed_after(const struct alarms *alarms, uint64_t number)
{
    uint64_t first = alarms_entries_first(alarms);
    if (number + 1 < first)
        number = first - 1;
    do {
        number++;
    } while (!(entry_at(alarms, number)->flags & ALARM_ENTRY_COMPUTED));
    return number;
}

/* The oldest one that is not written is written, or lost. */
static void head_take(struct alarms *alarms)
{
    struct roots_entry *roots = roots_write(alarms);
    roots->written = computed_after(alarms, roots->written);
    if (--roots->unwritten == 0)
        roots->written = roots->entries;
    struct unwritten_cursor *cursor = alarms->cursor;
    if (cursor->i == 0)
        cursor->number = 0;
    else
        cursor->i--;
}

/* Comments of many alarms at once are a flood of texts: past the limit a text is cut to some words.
 */
static struct bytes text_cut(const struct alarms *alarms, const struct entry_entry *replaced,
                             struct bytes actor, struct bytes text)
{
    size_t most = TEXTS_BYTES_MAX - actor.size, at = 0, step;
    uint64_t bytes = alarms->entry_bytes - texts_cost(text_of(alarms, replaced->text).size);
    if (bytes + texts_cost(actor.size + text.size) > alarms->limits.entries_bytes_max)
        most = ENTRY_TEXT_SHORT;
    if (text.size <= most)
        return text;
    while ((step = bytes_utf8_step(text, at)) > 0 && at + step <= most)
        at += step;
    return bytes_of(text.at, at);
}

/* Two texts, one behind the other, of which the first is cut when they are too long. */
static enum err texts_join(struct alarms *alarms, uint32_t *text, struct bytes actor,
                           struct bytes said)
{
    uint8_t both[TEXTS_BYTES_MAX];
    uint32_t before = texts_cost(text_of(alarms, *text).size);
    __builtin_memcpy(both, actor.at, actor.size);
    __builtin_memcpy(both + actor.size, said.at, said.size);
    enum err err = texts_set(&alarms->texts, text, bytes_of(both, actor.size + said.size));
    if (err == OK)
        alarms->entry_bytes += texts_cost(actor.size + said.size) - (uint64_t)before;
    return err;
}

enum err alarms_entry_add(struct alarms *alarms, struct entry_entry *entry, struct bytes actor,
                          struct bytes text)
{
    uint64_t number = alarms->roots->entries + 1;
    uint32_t at = ring_row(number);
    enum err err = state_table_grow(&alarms->entries, at + 1);
    if (err != OK)
        return err;
    const struct entry_entry *before = state_read(&alarms->entries, at);
    if (alarms->roots->unwritten > 0 && before->flags & ALARM_ENTRY_COMPUTED &&
        before->number > alarms->roots->written)
        head_take(alarms);
    actor.size = actor.size < RULE_NAME_MAX * 4 ? actor.size : RULE_NAME_MAX * 4;
    text = text_cut(alarms, before, actor, text);
    entry->number = number;
    entry->text = before->text;
    entry->actor_size = (uint16_t)actor.size;
    err = texts_join(alarms, &entry->text, actor, text);
    if (err != OK)
        return err;
    *(struct entry_entry *)state_write(&alarms->entries, at) = *entry;
    struct roots_entry *roots = roots_write(alarms);
    roots->entries = number;
    if (entry->flags & ALARM_ENTRY_COMPUTED)
        roots->unwritten++;
    else if (roots->unwritten == 0)
        roots->written = number;
    return OK;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
void alarms_entry(const struct alarms *alarms, uint64_t number, struct alarm_entry *ret_entry)
{
    check(number >= alarms_entries_first(alarms) && number <= alarms->roots->entries);
    const struct entry_entry *entry = entry_at(alarms, number);
    struct bytes both = text_of(alarms, entry->text);
    *ret_entry = (struct alarm_entry){
        .number = entry->number,
        .alarm = entry->alarm,
        .tenant = entry->tenant,
        .rule = entry->rule,
        .point = entry->point,
        .event = entry->event,
        .state = entry->state,
        .state_before = entry->state_before,
        .priority = entry->priority,
        .kind = entry->kind,
        .flags = entry->flags,
        .account = entry->account,
        .position = entry->position,
        .time_ns = entry->time_ns,
        .wall_ns = entry->wall_ns,
        .value = entry->value,
        .actor = bytes_of(both.at, entry->actor_size),
        .text = bytes_of(both.at + entry->actor_size, both.size - entry->actor_size)};
}

/* Wall time jumps back now and then: what is found is then one of the places where it fits. */
uint64_t alarms_entry_at(const struct alarms *alarms, int64_t wall_ns)
{
    uint64_t low = alarms_entries_first(alarms), high = alarms->roots->entries + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (entry_at(alarms, middle)->wall_ns < wall_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- what the journal does not have ------------------------------------------------------------
 */
uint64_t alarms_unwritten(const struct alarms *alarms)
{
    return alarms->roots->unwritten;
}

static void entry_form(const struct alarms *alarms, const struct entry_entry *entry,
                       struct form_writer *form)
{
    struct bytes both = text_of(alarms, entry->text);
    form_put_integer(form, ENTRY_TAG_NUMBER, (int64_t)entry->number);
    form_put_integer(form, ENTRY_TAG_ALARM, (int64_t)entry->alarm);
    form_put_integer(form, ENTRY_TAG_RULE, entry->rule);
    form_put_integer(form, ENTRY_TAG_POINT, entry->point);
    form_put_integer(form, ENTRY_TAG_EVENT, entry->event);
    form_put_integer(form, ENTRY_TAG_STATE, entry->state);
    form_put_integer(form, ENTRY_TAG_STATE_BEFORE, entry->state_before);
    form_put_integer(form, ENTRY_TAG_PRIORITY, entry->priority);
    form_put_integer(form, ENTRY_TAG_KIND, entry->kind);
    form_put_integer(form, ENTRY_TAG_FLAGS, entry->flags);
    form_put_integer(form, ENTRY_TAG_POSITION, (int64_t)entry->position);
    form_put_integer(form, ENTRY_TAG_TIME, entry->time_ns);
    form_put_integer(form, ENTRY_TAG_WALL, entry->wall_ns);
    if (isfinite(entry->value))
        form_put_real(form, ENTRY_TAG_VALUE, entry->value);
    if (both.size > entry->actor_size)
        form_put_text(form, ENTRY_TAG_TEXT,
                      bytes_of(both.at + entry->actor_size, both.size - entry->actor_size));
}

uint32_t alarms_unwritten_form(const struct alarms *alarms, uint64_t i, struct form_writer *form)
{
    struct unwritten_cursor *cursor = alarms->cursor;
    check(i < alarms->roots->unwritten);
    if (cursor->number == 0 || cursor->i > i)
        *cursor = (struct unwritten_cursor){0, computed_after(alarms, alarms->roots->written)};
    while (cursor->i < i) {
        cursor->number = computed_after(alarms, cursor->number);
        cursor->i++;
    }
    const struct entry_entry *entry = entry_at(alarms, cursor->number);
    entry_form(alarms, entry, form);
    return entry->tenant;
}

enum err alarms_apply_entry(struct alarms *alarms, const struct fact_entry *fact,
                            const struct record_stamp *stamp, bool *ret_agrees)
{
    (void)stamp;
    *ret_agrees = false;
    if (fact->module != MODULE_ALARMS || alarms->roots->unwritten == 0)
        return OK;
    uint8_t bytes[FORM_BYTES_MAX];
    uint64_t said = (uint64_t)form_integer(fact->form, ENTRY_TAG_NUMBER, 0);
    uint64_t head = computed_after(alarms, alarms->roots->written);
    /* The ring went over it while it was written: nothing is left to compare it with. */
    *ret_agrees = said > 0 && said < alarms_entries_first(alarms);
    if (said < head || said > alarms->roots->entries)
        return OK;
    while (alarms->roots->unwritten > 0 && head <= said) {
        if (head == said) {
            struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
            struct bytes computed;
            entry_form(alarms, entry_at(alarms, head), &form);
            *ret_agrees = form_end(&form, &computed) && bytes_equal(computed, fact->form) &&
                          fact->tenant == entry_at(alarms, head)->tenant;
        }
        head_take(alarms);
        if (alarms->roots->unwritten > 0)
            head = computed_after(alarms, alarms->roots->written);
    }
    return OK;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool entry_is_valid(const struct alarms *alarms, const struct entry_entry *entry,
                           uint64_t number)
{
    bool ruled = entry->event == ALARM_EVENT_HANDOVER ||
                 (entry->rule > 0 && entry->rule <= alarms->roots->rules);
    return entry->number == number && ruled && entry->point <= points_count(alarms->points) &&
           entry->event <= ALARM_EVENT_LAST && entry->state < ALARM_STATES &&
           entry->state_before < ALARM_STATES && entry->priority <= ALARM_PRIORITIES &&
           entry->kind < RULE_KINDS && entry->flags < 32 &&
           texts_is_valid(&alarms->texts, entry->text, TEXTS_BYTES_MAX) &&
           entry->actor_size <= text_of(alarms, entry->text).size;
}

enum err alarms_entries_rebuild(struct alarms *alarms)
{
    const struct roots_entry *roots = alarms->roots;
    uint64_t first = alarms_entries_first(alarms), unwritten = 0;
    if (roots->entries > INT64_MAX || roots->written > roots->entries)
        return ERR_CORRUPT;
    alarms->entry_bytes = 0;
    uint64_t rows = roots->entries < ALARM_ENTRIES_KEPT ? roots->entries : ALARM_ENTRIES_KEPT;
    enum err err = state_table_grow(&alarms->entries, (uint32_t)rows + 1);
    for (uint64_t number = first; err == OK && number <= roots->entries; number++) {
        const struct entry_entry *entry = entry_at(alarms, number);
        if (!entry_is_valid(alarms, entry, number))
            return ERR_CORRUPT;
        alarms->entry_bytes += texts_cost(text_of(alarms, entry->text).size);
        unwritten += number > roots->written && entry->flags & ALARM_ENTRY_COMPUTED;
    }
    *alarms->cursor = (struct unwritten_cursor){0};
    return err == OK && unwritten != roots->unwritten ? ERR_CORRUPT : err;
}

const char *alarm_entry_word(uint8_t event)
{
    if (event < ALARM_EVENTS)
        return alarm_event_word((enum alarm_event)event);
    if (event == ALARM_EVENT_CHATTERS || event == ALARM_EVENT_CALM)
        return event == ALARM_EVENT_CALM ? "calm" : "chattering";
    switch (event - ALARM_EVENTS) {
    case 0:
        return "hand-over";
    case ALARM_ACT_UNACKNOWLEDGE:
        return "unacknowledge";
    case ALARM_ACT_COMMENT:
        return "comment";
    case ALARM_ACT_ASSIGN:
        return "assign";
    default:
        return "act";
    }
}

/* Deliveries: messages on their way to a channel, from the first alarm that is gathered in one to
 * the word that it left.
 *
 *      GATHERING --its time is over--> READY --sent--> SENT
 *         | ^ the queue is full         ^ |--failed--> RETRY --its time is over--> READY
 *         +-+                           | +--refused, or tried for a day--> GIVEN_UP
 *                              a test --+                                                        */
#include "model/notices/tables.h"

#include <math.h>
#include <stdlib.h>

#define ITEM_FIELD 1 /* the tag of an item among the items */
#define FULL_WAIT_NS (10 * NS_PER_S)
#define TITLE_MAX 256
#define WHY_MAX 512
#define ITEMS_BYTES_MAX TEXTS_BYTES_MAX

static const struct delivery_entry *delivery_at(const struct notices *notices, uint32_t row)
{
    return state_read(&notices->deliveries, row);
}

static struct delivery_entry *delivery_write(struct notices *notices, uint32_t row)
{
    return state_write(&notices->deliveries, row);
}

static const struct chain of_channel = {.links_at = offsetof(struct delivery_entry, links)};

static const struct chain ready_ones = {.links_at = offsetof(struct delivery_entry, ready)};

static uint64_t number_hash(uint64_t number)
{
    return hash64(&number, sizeof number, 0);
}

static uint32_t row_find(const struct notices *notices, uint64_t number)
{
    struct index_probe probe;
    for (uint32_t at = index_first(notices->numbers, &probe, number_hash(number)); at != INDEX_NONE;
         at = index_next(notices->numbers, &probe))
        if (delivery_at(notices, at)->number == number)
            return at;
    return 0;
}

/* ---- items -------------------------------------------------------------------------------------
 */
enum noticed_tag {
    NOTICED_WHAT = 1,
    NOTICED_ALARM,
    NOTICED_ENTRY,
    NOTICED_EVENT,
    NOTICED_STATE,
    NOTICED_PRIORITY = NOTICE_ITEM_PRIORITY_TAG,
    NOTICED_KIND = NOTICE_ITEM_KIND_TAG,
    NOTICED_TIME,
    NOTICED_VALUE,
    NOTICED_PATH,
    NOTICED_TITLE,
    NOTICED_WHY
};

/* Whole characters of at most so many bytes. */
static struct bytes text_cut(struct bytes text, size_t most)
{
    size_t at = 0, step;
    while ((step = bytes_utf8_step(text, at)) > 0 && at + step <= most)
        at += step;
    return bytes_of(text.at, at);
}

struct bytes notices_item_make(const struct notice_item *item, uint8_t *at)
{
    struct form_writer form = {.at = at, .capacity = NOTICE_ITEM_BYTES};
    struct bytes made;
    form_put_integer(&form, NOTICED_WHAT, item->what);
    form_put_integer(&form, NOTICED_ALARM, (int64_t)item->alarm);
    form_put_integer(&form, NOTICED_ENTRY, (int64_t)item->entry);
    form_put_integer(&form, NOTICED_EVENT, item->event);
    form_put_integer(&form, NOTICED_STATE, item->state);
    form_put_integer(&form, NOTICED_PRIORITY, item->priority);
    form_put_integer(&form, NOTICED_KIND, item->kind);
    form_put_integer(&form, NOTICED_TIME, item->time_ns);
    if (isfinite(item->value))
        form_put_real(&form, NOTICED_VALUE, item->value);
    form_put_text(&form, NOTICED_PATH, text_cut(item->path, PATH_MAX_BYTES));
    form_put_text(&form, NOTICED_TITLE, text_cut(item->title, TITLE_MAX));
    form_put_text(&form, NOTICED_WHY, text_cut(item->why, WHY_MAX));
    bool fits = form_end(&form, &made);
    check(fits);
    return made;
}

bool notices_item_next(struct bytes items, size_t *offset, struct notice_item *ret_item)
{
    struct form_field field;
    if (!form_next(items, offset, &field) || field.type != FORM_FORM)
        return false;
    struct bytes form = field.text;
    *ret_item = (struct notice_item){.what = (uint8_t)form_integer(form, NOTICED_WHAT, 0),
                                     .alarm = (uint64_t)form_integer(form, NOTICED_ALARM, 0),
                                     .entry = (uint64_t)form_integer(form, NOTICED_ENTRY, 0),
                                     .event = (uint8_t)form_integer(form, NOTICED_EVENT, 0),
                                     .state = (uint8_t)form_integer(form, NOTICED_STATE, 0),
                                     .priority = (uint8_t)form_integer(form, NOTICED_PRIORITY, 0),
                                     .kind = (uint8_t)form_integer(form, NOTICED_KIND, 0),
                                     .time_ns = form_integer(form, NOTICED_TIME, 0),
                                     .value = form_real(form, NOTICED_VALUE, (double)NAN),
                                     .path = form_text(form, NOTICED_PATH),
                                     .title = form_text(form, NOTICED_TITLE),
                                     .why = form_text(form, NOTICED_WHY)};
    return true;
}

/* One more alarm; spelled out while there is room for it. */
static enum err item_add(struct notices *notices, uint32_t row, const struct notice_told *told)
{
    uint8_t joined[ITEMS_BYTES_MAX];
    struct delivery_entry *entry = delivery_write(notices, row);
    struct bytes before = texts_get(&notices->texts, entry->items), items;
    struct form_writer form = {.at = joined, .capacity = sizeof joined};
    entry->count++;
    if (told->priority < entry->priority)
        entry->priority = told->priority;
    if (entry->item_count == NOTICE_ITEMS_MAX)
        return OK;
    if (before.size > 0)
        __builtin_memcpy(joined, before.at, before.size);
    form.size = before.size;
    form_put_form(&form, ITEM_FIELD, told->item);
    if (!form_end(&form, &items) || !notices_texts_fit(notices, texts_cost(items.size)))
        return OK;
    entry->item_count++;
    return notices_text_set(notices, &entry->items, items);
}

/* Of a delivery that is done the first item is kept. */
static enum err items_shrink(struct notices *notices, uint32_t row)
{
    uint8_t kept[NOTICE_ITEM_BYTES + 16];
    struct delivery_entry *entry = delivery_write(notices, row);
    struct form_writer form = {.at = kept, .capacity = sizeof kept};
    struct form_field field;
    struct bytes items;
    size_t offset = 0;
    if (entry->item_count < 2 ||
        !form_next(texts_get(&notices->texts, entry->items), &offset, &field))
        return OK;
    form_put_form(&form, ITEM_FIELD, field.text);
    bool fits = form_end(&form, &items);
    check(fits);
    entry->item_count = 1;
    return notices_text_set(notices, &entry->items, items);
}

/* ---- coming and going --------------------------------------------------------------------------
 */
static enum err delivery_make(struct notices *notices, uint32_t channel,
                              const struct notice_told *told, uint32_t *ret_row)
{
    enum err err = notices_row_take(notices, TABLE_DELIVERIES, ret_row);
    if (err != OK)
        return err;
    struct delivery_entry *entry = delivery_write(notices, *ret_row);
    entry->number = ++roots_write(notices)->delivery;
    entry->position = told->stamp->position;
    entry->made_wall_ns = told->stamp->wall_ns;
    entry->channel = channel;
    entry->state = DELIVERY_GATHERING;
    entry->priority = told->priority;
    chain_put(&notices->deliveries, &of_channel,
              &notices_channel_write(notices, channel)->deliveries, *ret_row);
    err = index_insert(notices->numbers, number_hash(entry->number), *ret_row);
    return err == OK ? item_add(notices, *ret_row, told) : err;
}

static bool state_is_queued(uint8_t state)
{
    return state == DELIVERY_READY || state == DELIVERY_RETRY;
}

static void ready_put(struct notices *notices, uint32_t row)
{
    delivery_write(notices, row)->state = DELIVERY_READY;
    chain_put(&notices->deliveries, &ready_ones, &roots_write(notices)->ready, row);
}

/* Neither ready any more nor waiting for its time. */
static void delivery_halt(struct notices *notices, uint32_t row)
{
    struct delivery_entry *entry = delivery_write(notices, row);
    if (entry->state == DELIVERY_READY)
        chain_take(&notices->deliveries, &ready_ones, &roots_write(notices)->ready, row);
    timing_stop(notices->timing, entry->timer);
    entry->timer = TIMER_NONE;
}

static enum err delivery_drop(struct notices *notices, uint32_t row)
{
    struct delivery_entry *entry = delivery_write(notices, row);
    struct channel_entry *channel = notices_channel_write(notices, entry->channel);
    delivery_halt(notices, row);
    if (channel->gathering == row)
        channel->gathering = 0;
    else if (channel->held == row)
        channel->held = 0;
    else if (state_is_queued(entry->state))
        channel->queued--;
    else
        channel->kept--;
    enum err err = index_remove(notices->numbers, number_hash(entry->number), row);
    if (err != OK)
        return err;
    notices_text_free(notices, &entry->items);
    notices_text_free(notices, &entry->error);
    chain_take(&notices->deliveries, &of_channel, &channel->deliveries, row);
    notices_row_give(notices, TABLE_DELIVERIES, row);
    return OK;
}

enum err notices_deliveries_drop(struct notices *notices, uint32_t channel)
{
    enum err err = OK;
    while (err == OK && notices_channel_at(notices, channel)->deliveries.first != 0)
        err = delivery_drop(notices, notices_channel_at(notices, channel)->deliveries.first);
    return err;
}

/* The oldest one that is done makes room. */
static enum err kept_trim(struct notices *notices, uint32_t channel)
{
    if (notices_channel_at(notices, channel)->kept <= NOTICE_KEPT)
        return OK;
    uint32_t row = notices_channel_at(notices, channel)->deliveries.first;
    while (delivery_at(notices, row)->state < DELIVERY_SENT)
        row = chain_after(&notices->deliveries, &of_channel, row);
    return delivery_drop(notices, row);
}

static enum err delivery_close(struct notices *notices, uint32_t row, enum delivery_state state,
                               const struct record_stamp *stamp)
{
    struct delivery_entry *entry = delivery_write(notices, row);
    struct channel_entry *channel = notices_channel_write(notices, entry->channel);
    delivery_halt(notices, row);
    entry->state = (uint8_t)state;
    entry->done_wall_ns = stamp->wall_ns;
    channel->queued--;
    channel->kept++;
    if (state == DELIVERY_SENT)
        channel->sent++;
    else
        channel->given_up++;
    enum err err = items_shrink(notices, row);
    return err == OK ? kept_trim(notices, entry->channel) : err;
}

/* It was gathered, or is a test: to be sent now. */
static enum err delivery_due(struct notices *notices, uint32_t row,
                             const struct record_stamp *stamp)
{
    struct delivery_entry *entry = delivery_write(notices, row);
    struct channel_entry *channel = notices_channel_write(notices, entry->channel);
    delivery_halt(notices, row);
    if (channel->gathering == row)
        channel->gathering = 0;
    if (channel->held == row)
        channel->held = 0;
    entry->due_ns = stamp->engine_ns;
    channel->queued++;
    ready_put(notices, row);
    return channel->kind == CHANNEL_BROWSER ? delivery_close(notices, row, DELIVERY_SENT, stamp)
                                            : OK;
}

/* ---- gathering ---------------------------------------------------------------------------------
 */
/* For how long something of this priority has to be quiet yet; 0: it need not. */
static int64_t quiet_left_ns(const struct channel_entry *channel, uint8_t priority, int64_t wall_ns)
{
    int64_t left_ns = 0;
    for (unsigned i = 0; i < NOTICE_QUIETS_MAX && channel->quiets[i].days != 0; i++) {
        const struct quiet_entry *quiet = &channel->quiets[i];
        struct weekly when = {quiet->from_minute, quiet->to_minute, quiet->days};
        if (priority <= quiet->but_priority ||
            !weekly_covers(&when, quiet->offset_minutes, wall_ns))
            continue;
        int64_t ns = weekly_left_ns(&when, quiet->offset_minutes, wall_ns);
        left_ns = ns > left_ns ? ns : left_ns;
    }
    return left_ns;
}

static bool queue_is_full(const struct channel_entry *channel)
{
    return channel->queued >= NOTICE_QUEUE_MAX;
}

static int64_t gather_ns(const struct channel_entry *channel)
{
    return queue_is_full(channel) && channel->gather_ns < FULL_WAIT_NS ? FULL_WAIT_NS
                                                                       : channel->gather_ns;
}

/* wait_ns 0: it is not gathered. Without a free timer it does not wait either. */
static enum err delivery_wait(struct notices *notices, uint32_t row, int64_t wait_ns,
                              const struct record_stamp *stamp)
{
    struct delivery_entry *entry = delivery_write(notices, row);
    enum err err = ERR_LIMIT;
    if (wait_ns > 0)
        err = timing_set(notices->timing, TIMER_DELIVERY, row, stamp->engine_ns + wait_ns,
                         &entry->timer);
    return err == ERR_LIMIT ? delivery_due(notices, row, stamp) : err;
}

enum err notices_tell(struct notices *notices, uint32_t channel, const struct notice_told *told)
{
    struct channel_entry *entry = notices_channel_write(notices, channel);
    uint32_t row;
    if (notices->turns[channel] == notices->turn || (told->channels && entry->dead != 0))
        return OK;
    notices->turns[channel] = notices->turn;
    notices->reached = notices->reached || entry->dead == 0;
    int64_t quiet_ns =
        told->channels ? 0 : quiet_left_ns(entry, told->priority, told->stamp->wall_ns);
    row = quiet_ns > 0 ? entry->held : entry->gathering;
    if (row != 0)
        return item_add(notices, row, told);
    enum err err = delivery_make(notices, channel, told, &row);
    if (err != OK)
        return err;
    if (quiet_ns > 0)
        entry->held = row;
    else
        entry->gathering = row;
    return delivery_wait(notices, row, quiet_ns > 0 ? quiet_ns : gather_ns(entry), told->stamp);
}

static enum err gathering_fired(struct notices *notices, const struct timer_view *timer,
                                const struct record_stamp *stamp)
{
    uint32_t row = (uint32_t)timer->owner;
    struct delivery_entry *entry = delivery_write(notices, row);
    const struct channel_entry *channel = notices_channel_at(notices, entry->channel);
    int64_t wait_ns =
        channel->held == row ? quiet_left_ns(channel, entry->priority, stamp->wall_ns) : 0;
    if (wait_ns == 0 && queue_is_full(channel))
        wait_ns = gather_ns(channel);
    if (wait_ns > 0) {
        timing_move(notices->timing, timer->timer, stamp->engine_ns + wait_ns);
        return OK;
    }
    entry->timer = TIMER_NONE;
    return delivery_due(notices, row, stamp);
}

enum err notices_delivery_fired(struct notices *notices, const struct timer_view *timer,
                                const struct record_stamp *stamp)
{
    uint32_t row = (uint32_t)timer->owner;
    const struct delivery_entry *entry = delivery_at(notices, row);
    check(entry->timer == timer->timer);
    if (entry->state == DELIVERY_GATHERING)
        return gathering_fired(notices, timer, stamp);
    delivery_write(notices, row)->timer = TIMER_NONE;
    ready_put(notices, row);
    return OK;
}

/* ---- a test ------------------------------------------------------------------------------------
 */
enum err notices_apply_test(struct notices *notices, const struct notice_order *of)
{
    uint8_t at[NOTICE_ITEM_BYTES];
    struct bytes name;
    uint32_t row;
    if (!notices_name_alone(of->form, &name))
        return notice_refuse(of, OUTCOME_NOTICE_INVALID);
    uint32_t channel = notices_channel_find(notices, of->command->tenant, name);
    if (channel == 0)
        return notice_refuse(of, OUTCOME_UNKNOWN_CHANNEL);
    if (queue_is_full(notices_channel_at(notices, channel)))
        return notice_refuse(of, OUTCOME_NOTICES_FULL);
    const struct notice_item item = {.what = NOTICE_TEST,
                                     .priority = ALARM_PRIORITIES,
                                     .time_ns = of->stamp->wall_ns,
                                     .value = (double)NAN,
                                     .title = name};
    const struct notice_told told = {
        .item = notices_item_make(&item, at), .priority = ALARM_PRIORITIES, .stamp = of->stamp};
    enum err err = delivery_make(notices, channel, &told, &row);
    if (err != OK)
        return err;
    delivery_write(notices, row)->test = 1;
    of->outcome->number = (uint32_t)delivery_at(notices, row)->number;
    return delivery_due(notices, row, of->stamp);
}

/* ---- what became of one ------------------------------------------------------------------------
 */
struct done { /* what a COMMAND_NOTICE_DONE says */
    int64_t delivery, result;
    struct bytes detail;
};

static bool done_read(struct bytes form, struct done *ret_done)
{
    struct form_field field;
    size_t offset = 0;
    *ret_done = (struct done){.result = -1};
    while (form_next(form, &offset, &field)) {
        if (field.tag == DONE_TAG_DELIVERY && field.type == FORM_INTEGER)
            ret_done->delivery = field.integer;
        else if (field.tag == DONE_TAG_RESULT && field.type == FORM_INTEGER)
            ret_done->result = field.integer;
        else if (field.tag == DONE_TAG_DETAIL && field.type == FORM_TEXT)
            ret_done->detail = field.text;
        else
            return false;
    }
    return ret_done->delivery > 0 && ret_done->result >= 0 && ret_done->result < NOTICE_RESULTS &&
           ret_done->detail.size <= NOTICE_ERROR_MAX && bytes_are_utf8(ret_done->detail);
}

static enum err channel_lives(struct notices *notices, uint32_t channel)
{
    struct channel_entry *entry = notices_channel_write(notices, channel);
    entry->failures = 0;
    notices_text_free(notices, &entry->error);
    if (entry->dead == 0)
        return OK;
    entry->dead = 0;
    entry->dead_wall_ns = 0;
    notices_tenant_write(notices, entry->tenant)->dead--;
    notices->now = (struct notices_effects){.channel = channel, .tenant = entry->tenant};
    return OK;
}

static void channel_dies(struct notices *notices, uint32_t channel,
                         const struct record_stamp *stamp)
{
    struct channel_entry *entry = notices_channel_write(notices, channel);
    entry->dead = 1;
    entry->dead_wall_ns = stamp->wall_ns;
    notices_tenant_write(notices, entry->tenant)->dead++;
    notices->now =
        (struct notices_effects){.channel = channel, .died = true, .tenant = entry->tenant};
}

static enum err channel_fails(struct notices *notices, uint32_t channel, struct bytes detail,
                              bool given_up, const struct record_stamp *stamp)
{
    struct channel_entry *entry = notices_channel_write(notices, channel);
    if (entry->failures < NOTICE_DEAD_FAILURES)
        entry->failures++;
    enum err err = notices_text_set(notices, &entry->error, detail);
    bool dies = entry->dead == 0 && (given_up || entry->failures == NOTICE_DEAD_FAILURES);
    if (err == OK && dies)
        channel_dies(notices, channel, stamp);
    return err;
}

static int64_t retry_ns(uint32_t attempts)
{
    int64_t ns = NOTICE_RETRY_FIRST_NS;
    for (uint32_t i = 1; i < attempts && ns < NOTICE_RETRY_MOST_NS; i++)
        ns *= 2;
    return ns < NOTICE_RETRY_MOST_NS ? ns : NOTICE_RETRY_MOST_NS;
}

static enum err delivery_failed(struct notices *notices, uint32_t row, const struct done *done,
                                const struct record_stamp *stamp)
{
    struct delivery_entry *entry = delivery_write(notices, row);
    uint32_t channel = entry->channel;
    bool given_up =
        done->result == NOTICE_REFUSED || stamp->engine_ns - entry->due_ns >= NOTICE_TRY_NS;
    entry->attempts++;
    enum err err = notices_text_set(notices, &entry->error, done->detail);
    if (err == OK && !given_up) {
        delivery_halt(notices, row);
        entry->state = DELIVERY_RETRY;
        err = timing_set(notices->timing, TIMER_DELIVERY, row,
                         stamp->engine_ns + retry_ns(entry->attempts), &entry->timer);
        given_up = err == ERR_LIMIT; /* no timer: better lost by name than tried without a pause */
        err = given_up ? OK : err;
    }
    if (err == OK && given_up)
        err = delivery_close(notices, row, DELIVERY_GIVEN_UP, stamp);
    return err == OK ? channel_fails(notices, channel, done->detail, given_up, stamp) : err;
}

enum err notices_apply_done(struct notices *notices, const struct notice_order *of)
{
    struct done done;
    if (!done_read(of->form, &done))
        return notice_refuse(of, OUTCOME_NOTICE_INVALID);
    uint32_t row = row_find(notices, (uint64_t)done.delivery);
    if (row == 0 || notices_channel_at(notices, delivery_at(notices, row)->channel)->tenant !=
                        of->command->tenant)
        return notice_refuse(of, OUTCOME_UNKNOWN_CHANNEL);
    const struct delivery_entry *entry = delivery_at(notices, row);
    of->outcome->number = entry->channel;
    if (entry->state >= DELIVERY_SENT) {
        of->outcome->first_code = OUTCOME_DONE;
        return notice_refuse(of, OUTCOME_REPEATED);
    }
    if (!state_is_queued(entry->state))
        return notice_refuse(of, OUTCOME_NOTICE_INVALID);
    if (done.result != NOTICE_SENT)
        return delivery_failed(notices, row, &done, of->stamp);
    delivery_write(notices, row)->attempts++;
    uint32_t channel = entry->channel;
    enum err err = delivery_close(notices, row, DELIVERY_SENT, of->stamp);
    return err == OK ? channel_lives(notices, channel) : err;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
bool notices_delivery(const struct notices *notices, uint64_t delivery,
                      struct delivery_view *ret_view)
{
    uint32_t row = delivery == 0 ? 0 : row_find(notices, delivery);
    if (row == 0)
        return false;
    const struct delivery_entry *entry = delivery_at(notices, row);
    *ret_view =
        (struct delivery_view){.delivery = entry->number,
                               .channel = entry->channel,
                               .tenant = notices_channel_at(notices, entry->channel)->tenant,
                               .state = entry->state,
                               .priority = entry->priority,
                               .test = entry->test != 0,
                               .count = entry->count,
                               .attempts = entry->attempts,
                               .made_wall_ns = entry->made_wall_ns,
                               .done_wall_ns = entry->done_wall_ns,
                               .error = texts_get(&notices->texts, entry->error),
                               .items = texts_get(&notices->texts, entry->items)};
    return true;
}

uint64_t notices_ready_next(const struct notices *notices, uint64_t after)
{
    uint32_t row = notices->roots->ready.first;
    if (after != 0) {
        uint32_t before = row_find(notices, after);
        bool ready = before != 0 && delivery_at(notices, before)->state == DELIVERY_READY;
        row = ready ? delivery_at(notices, before)->ready.next : 0;
    }
    return row == 0 ? 0 : delivery_at(notices, row)->number;
}

struct cursor { /* in the deliveries of a channel, from the newest on */
    uint32_t row;
};

static uint32_t cursor_settle(const struct notices *notices, uint32_t row, uint32_t states,
                              uint64_t before)
{
    while (row != 0 && (delivery_at(notices, row)->number >= before ||
                        (states >> delivery_at(notices, row)->state & 1) == 0))
        row = delivery_at(notices, row)->links.previous;
    return row;
}

size_t notices_deliveries(const struct notices *notices, uint32_t tenant, uint32_t channel,
                          uint32_t states, uint64_t before, uint64_t *deliveries, size_t most)
{
    struct cursor cursors[NOTICE_CHANNELS_TENANT];
    size_t count = 0, found = 0;
    for (uint32_t at = notices_channel_next(notices, tenant, 0); at != 0;
         at = notices_channel_next(notices, tenant, at))
        if (channel == 0 || channel == at)
            cursors[count++].row = cursor_settle(
                notices, notices_channel_at(notices, at)->deliveries.last, states, before);
    while (found < most) {
        struct cursor *newest = NULL;
        for (size_t i = 0; i < count; i++)
            if (cursors[i].row != 0 &&
                (newest == NULL || delivery_at(notices, cursors[i].row)->number >
                                       delivery_at(notices, newest->row)->number))
                newest = &cursors[i];
        if (newest == NULL)
            break;
        deliveries[found++] = delivery_at(notices, newest->row)->number;
        newest->row = cursor_settle(notices, delivery_at(notices, newest->row)->links.previous,
                                    states, before);
    }
    return found;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool items_are_valid(const struct notices *notices, const struct delivery_entry *entry)
{
    struct form_field field;
    size_t offset = 0;
    uint32_t count = 0;
    if (!texts_is_valid(&notices->texts, entry->items, ITEMS_BYTES_MAX) ||
        !texts_is_valid(&notices->texts, entry->error, NOTICE_ERROR_MAX))
        return false;
    struct bytes items = texts_get(&notices->texts, entry->items);
    if (!form_is_valid(items))
        return false;
    while (form_next(items, &offset, &field)) {
        if (field.type != FORM_FORM || field.text.size > NOTICE_ITEM_BYTES)
            return false;
        count++;
    }
    return count == entry->item_count && count <= NOTICE_ITEMS_MAX && count <= entry->count;
}

static bool timer_is_valid(const struct notices *notices, uint32_t row,
                           const struct delivery_entry *entry)
{
    struct timer_view timer;
    bool wants = entry->state == DELIVERY_GATHERING || entry->state == DELIVERY_RETRY;
    if (!wants)
        return entry->timer == TIMER_NONE;
    return timing_look(notices->timing, entry->timer, &timer) && timer.kind == TIMER_DELIVERY &&
           timer.owner == row;
}

static enum err delivery_rebuild(struct notices *notices, uint32_t row)
{
    const struct delivery_entry *entry = delivery_at(notices, row);
    struct channel_view channel;
    if (entry->state < DELIVERY_GATHERING || entry->state > DELIVERY_GIVEN_UP ||
        entry->number > notices->roots->delivery || entry->priority > ALARM_PRIORITIES ||
        entry->test > 1 || !notices_channel(notices, entry->channel, &channel) ||
        !items_are_valid(notices, entry) || !timer_is_valid(notices, row, entry) ||
        row_find(notices, entry->number) != 0)
        return ERR_CORRUPT;
    return index_insert(notices->numbers, number_hash(entry->number), row);
}

/* The chain of a channel, and what is counted of it. */
static bool channel_is_valid(struct notices *notices, uint32_t channel, uint32_t *all)
{
    const struct channel_entry *entry = notices_channel_at(notices, channel);
    uint32_t gathering = 0, queued = 0, kept = 0;
    uint64_t before = 0;
    for (uint32_t row = entry->deliveries.first; row != 0;
         row = delivery_at(notices, row)->links.next) {
        const struct delivery_entry *delivery = delivery_at(notices, row);
        if (delivery->channel != channel || delivery->number <= before)
            return false;
        before = delivery->number;
        queued += state_is_queued(delivery->state);
        kept += delivery->state >= DELIVERY_SENT;
        if (delivery->state == DELIVERY_GATHERING &&
            (entry->gathering == row) == (entry->held == row))
            return false;
        gathering += delivery->state == DELIVERY_GATHERING;
    }
    *all += gathering + queued + kept;
    return queued == entry->queued && kept == entry->kept && kept <= NOTICE_KEPT &&
           gathering == (entry->gathering != 0) + (uint32_t)(entry->held != 0);
}

static uint32_t chain_length(const struct notices *notices, uint32_t row, uint32_t highest)
{
    uint32_t count = 0;
    while (row != 0 && row <= highest && count <= highest) {
        row = delivery_at(notices, row)->links.next;
        count++;
    }
    return count;
}

static enum err chains_judge(struct notices *notices)
{
    uint32_t end = notices->roots->deliveries.highest + 1, all = 0, ready = 0;
    for (uint32_t i = 1; i <= notices->roots->channels.highest; i++) {
        const struct channel_entry *entry = notices_channel_at(notices, i);
        uint32_t length = chain_length(notices, entry->deliveries.first, end - 1);
        if (!chain_is_valid(&notices->deliveries, &of_channel, &entry->deliveries, length, end) ||
            !channel_is_valid(notices, i, &all))
            return ERR_CORRUPT;
    }
    for (uint32_t row = 1; row < end; row++)
        ready += delivery_at(notices, row)->state == DELIVERY_READY;
    if (all != notices->roots->deliveries.count ||
        !chain_is_valid(&notices->deliveries, &ready_ones, &notices->roots->ready, ready, end))
        return ERR_CORRUPT;
    for (uint32_t row = notices->roots->ready.first; row != 0;
         row = delivery_at(notices, row)->ready.next)
        if (delivery_at(notices, row)->state != DELIVERY_READY)
            return ERR_CORRUPT;
    return OK;
}

enum err notices_deliveries_rebuild(struct notices *notices)
{
    uint32_t highest = notices->roots->deliveries.highest, timers = 0;
    if (highest > notices->limits.channels_max * (uint64_t)(DELIVERIES_OF_CHANNEL + 2))
        return ERR_CORRUPT;
    enum err err = state_table_grow(&notices->deliveries, highest + 1);
    uint8_t *taken = calloc((size_t)highest + 1, 1);
    if (err == OK && taken == NULL)
        err = ERR_NO_MEMORY;
    for (uint32_t row = 1; err == OK && row <= highest; row++) {
        taken[row] = delivery_at(notices, row)->number != 0;
        timers += taken[row] && delivery_at(notices, row)->timer != TIMER_NONE;
        err = taken[row] ? delivery_rebuild(notices, row) : OK;
    }
    if (err == OK)
        err = notices_rows_judge(notices, TABLE_DELIVERIES, taken);
    free(taken);
    if (err == OK && timers != timing_count(notices->timing, TIMER_DELIVERY))
        err = ERR_CORRUPT;
    return err == OK ? chains_judge(notices) : err;
}

/* Entries of the audit that leave memory. The journal's facts lane keeps them for ever, but an
 * outcome stands in no command's record: so an entry becomes a record of its own before the ring
 * goes over it. Where those records lie is kept by runs, some bytes for 512 entries, so that a page
 * of any age is found without looking through the journal. */
#include "model/access/tables.h"

#include <string.h>

#define NUMBERS_MOST (UINT64_C(1) << 40)
#define RUN_BITS 256

/* Entries up to this one are in the journal, or were lost before they could be written. */
static uint64_t written(const struct access_model *model)
{
    uint64_t before = access_audit_oldest(model) - 1, known = model->roots->audit_written;
    return known > before ? known : before;
}

uint64_t access_audit_unwritten(const struct access_model *model)
{
    uint64_t kept_back = (model->limits.audit_kept + 1) / 2, count = model->roots->audit_count;
    uint64_t due = count > kept_back ? count - kept_back : 0;
    return due > written(model) ? due - written(model) : 0;
}

bool access_audit_presses(const struct access_model *model, uint32_t in_batch)
{
    uint32_t kept = model->limits.audit_kept;
    return access_audit_unwritten(model) > kept / 4 || in_batch >= (kept + 15) / 16;
}

/* ---- forms -------------------------------------------------------------------------------------
 */
enum audit_tag { /* part of the facts format */
                 AUDIT_TAG_NUMBER = 1,
                 AUDIT_TAG_POSITION = 2,
                 AUDIT_TAG_WALL = 3,
                 AUDIT_TAG_ACCOUNT = 4,
                 AUDIT_TAG_DOOR = 5,
                 AUDIT_TAG_CHAIN = 6,
                 AUDIT_TAG_ACTOR = 7, /* and the other parts in their order */
                 AUDIT_TAG_OUTCOME = 12
};

static void view_put(const struct audit_view *view, struct form_writer *form)
{
    const struct bytes parts[AUDIT_PARTS] = {view->actor,  view->address, view->action,
                                             view->object, view->detail,  view->outcome};
    form_put_integer(form, AUDIT_TAG_NUMBER, (int64_t)view->number);
    form_put_integer(form, AUDIT_TAG_POSITION, (int64_t)view->position);
    form_put_integer(form, AUDIT_TAG_WALL, view->wall_ns);
    form_put_integer(form, AUDIT_TAG_ACCOUNT, view->account);
    form_put_integer(form, AUDIT_TAG_DOOR, (int64_t)view->door);
    form_put_text(form, AUDIT_TAG_CHAIN, bytes_of(view->chain, sizeof view->chain));
    for (unsigned i = 0; i < AUDIT_PARTS; i++)
        form_put_text(form, (uint8_t)(AUDIT_TAG_ACTOR + i), parts[i]);
}

uint32_t access_audit_unwritten_form(const struct access_model *model, uint64_t i,
                                     struct form_writer *form)
{
    struct audit_view view;
    check(i < access_audit_unwritten(model));
    check(access_audit(model, written(model) + 1 + i, &view));
    view_put(&view, form);
    return view.tenant;
}

static bool field_get(const struct form_field *field, struct audit_view *view)
{
    struct bytes *const parts[AUDIT_PARTS] = {&view->actor,  &view->address, &view->action,
                                              &view->object, &view->detail,  &view->outcome};
    bool text = field->type == FORM_TEXT;
    if (field->tag >= AUDIT_TAG_ACTOR && field->tag <= AUDIT_TAG_OUTCOME) {
        *parts[field->tag - AUDIT_TAG_ACTOR] = field->text;
        return text && bytes_are_utf8(field->text);
    }
    if (field->tag == AUDIT_TAG_CHAIN) {
        if (text && field->text.size == sizeof view->chain)
            memcpy(view->chain, field->text.at, sizeof view->chain);
        return text && field->text.size == sizeof view->chain;
    }
    int64_t integer = field->integer;
    if (field->type != FORM_INTEGER || (integer < 0 && field->tag != AUDIT_TAG_WALL))
        return false;
    switch (field->tag) {
    case AUDIT_TAG_NUMBER:
        view->number = (uint64_t)integer;
        return true;
    case AUDIT_TAG_POSITION:
        view->position = (uint64_t)integer;
        return true;
    case AUDIT_TAG_WALL:
        view->wall_ns = integer;
        return true;
    case AUDIT_TAG_ACCOUNT:
        view->account = (uint32_t)integer;
        return integer <= UINT32_MAX;
    case AUDIT_TAG_DOOR:
        view->door = (enum actor_door)integer;
        return integer <= ACTOR_SERVER;
    default:
        return false;
    }
}

bool access_audit_form_get(struct bytes form, uint32_t tenant, struct audit_view *ret_view)
{
    struct audit_view view = {.tenant = tenant};
    struct form_field field;
    size_t offset = 0;
    uint8_t next = AUDIT_TAG_NUMBER; /* all of them, in their order */
    while (form_next(form, &offset, &field)) {
        if (field.tag != next++ || !field_get(&field, &view))
            return false;
    }
    if (offset != form.size || next != AUDIT_TAG_OUTCOME + 1 || view.number == 0)
        return false;
    *ret_view = view;
    return true;
}

/* ---- runs --------------------------------------------------------------------------------------
 */
static uint32_t run_row(uint64_t number)
{
    return (uint32_t)((number - 1) / AUDIT_RUN);
}

static enum err run_note(struct access_model *model, uint64_t number, uint32_t tenant,
                         int64_t wall_ns, uint64_t position)
{
    uint32_t row = run_row(number);
    enum err err = state_table_grow(&model->runs, row + 1);
    if (err != OK)
        return err;
    struct run_entry *run = state_write(&model->runs, row);
    if (run->position == 0)
        *run = (struct run_entry){
            .position = position, .wall_min_ns = wall_ns, .wall_max_ns = wall_ns};
    run->end = position + 1;
    run->wall_min_ns = wall_ns < run->wall_min_ns ? wall_ns : run->wall_min_ns;
    run->wall_max_ns = wall_ns > run->wall_max_ns ? wall_ns : run->wall_max_ns;
    run->tenants[tenant % RUN_BITS / 64] |= UINT64_C(1) << tenant % 64;
    return OK;
}

/* Is it what the ring says? What it went over meanwhile cannot be compared. */
static bool entry_agrees(const struct access_model *model, const struct fact_entry *entry,
                         uint64_t number)
{
    uint8_t bytes[FORM_BYTES_MAX];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct audit_view held;
    struct bytes known;
    if (!access_audit(model, number, &held))
        return true;
    view_put(&held, &form);
    return form_end(&form, &known) && bytes_equal(known, entry->form) &&
           held.tenant == entry->tenant;
}

enum err access_apply_entry(struct access_model *model, const struct fact_entry *entry,
                            const struct record_stamp *stamp, bool *ret_agrees)
{
    struct audit_view said;
    *ret_agrees = entry->module != MODULE_ACCESS;
    if (*ret_agrees || !access_audit_form_get(entry->form, entry->tenant, &said) ||
        said.number <= model->roots->audit_written || said.number > model->roots->audit_count ||
        said.number > NUMBERS_MOST)
        return OK;
    *ret_agrees = entry_agrees(model, entry, said.number);
    enum err err = run_note(model, said.number, entry->tenant, said.wall_ns, stamp->position);
    if (err != OK)
        return err;
    struct roots_entry *roots = roots_write(model);
    roots->audit_written = said.number;
    if (roots->audit_first == 0)
        roots->audit_first = said.number;
    return OK;
}

uint64_t access_audit_first(const struct access_model *model)
{
    uint64_t oldest = access_audit_oldest(model), first = model->roots->audit_first;
    return first != 0 && first < oldest ? first : oldest;
}

bool access_audit_run(const struct access_model *model, uint64_t number, struct audit_run *ret_run)
{
    const struct roots_entry *roots = model->roots;
    if (number < roots->audit_first || number == 0 || number > roots->audit_written ||
        number >= access_audit_oldest(model))
        return false;
    const struct run_entry *run = state_read(&model->runs, run_row(number));
    uint64_t first = (uint64_t)run_row(number) * AUDIT_RUN + 1, last = first + AUDIT_RUN - 1;
    *ret_run = (struct audit_run){.first = first > roots->audit_first ? first : roots->audit_first,
                                  .last = last < roots->audit_written ? last : roots->audit_written,
                                  .position = run->position,
                                  .end = run->end};
    return run->position != 0;
}

bool access_audit_run_may_hold(const struct access_model *model, const struct audit_run *run,
                               uint32_t tenant, int64_t since_ns, int64_t until_ns)
{
    const struct run_entry *entry = state_read(&model->runs, run_row(run->first));
    bool theirs =
        tenant == TENANT_NONE || (entry->tenants[tenant % RUN_BITS / 64] >> tenant % 64 & 1) != 0;
    return theirs && entry->wall_max_ns >= since_ns && entry->wall_min_ns < until_ns;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
enum err access_runs_rebuild(struct access_model *model)
{
    const struct roots_entry *roots = model->roots;
    if (roots->audit_written > roots->audit_count || roots->audit_written > NUMBERS_MOST ||
        roots->audit_first > roots->audit_written ||
        (roots->audit_first == 0) != (roots->audit_written == 0))
        return ERR_CORRUPT;
    if (roots->audit_written == 0)
        return OK;
    uint32_t last = run_row(roots->audit_written);
    enum err err = state_table_grow(&model->runs, last + 1);
    for (uint32_t row = run_row(roots->audit_first); err == OK && row <= last; row++) {
        const struct run_entry *run = state_read(&model->runs, row);
        if (run->position > run->end || (run->position == 0) != (run->end == 0))
            err = ERR_CORRUPT;
    }
    return err;
}

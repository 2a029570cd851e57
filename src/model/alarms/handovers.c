/* Hand-over notes: what one shift tells the next. The newest HANDOVERS_KEPT are held; that nobody
 * writes those of others away, a person and a tenant write so many a day. */
#include "model/alarms/tables.h"

static uint32_t ring_row(uint32_t note)
{
    return (note - 1) % HANDOVERS_KEPT;
}

uint32_t alarms_handovers(const struct alarms *alarms)
{
    return alarms->roots->handovers;
}

bool alarms_handover(const struct alarms *alarms, uint32_t note, struct handover_view *ret_view)
{
    uint32_t newest = alarms->roots->handovers;
    if (note == 0 || note > newest || newest - note >= HANDOVERS_KEPT)
        return false;
    const struct handover_entry *entry = state_read(&alarms->handovers, ring_row(note));
    *ret_view = (struct handover_view){.note = note,
                                       .tenant = entry->tenant,
                                       .account = entry->account,
                                       .wall_ns = entry->wall_ns,
                                       .branch = text_of(alarms, entry->branch),
                                       .author = text_of(alarms, entry->author),
                                       .text = text_of(alarms, entry->text)};
    return true;
}

static bool is_good(struct bytes form, struct bytes *ret_branch, struct bytes *ret_text)
{
    struct form_field field;
    size_t offset = 0;
    *ret_branch = *ret_text = bytes_of("", 0);
    while (form_next(form, &offset, &field)) {
        if (field.type != FORM_TEXT)
            return false;
        if (field.tag == ALARM_TAG_BRANCH)
            *ret_branch = field.text;
        else if (field.tag == ALARM_TAG_NOTE)
            *ret_text = field.text;
        else
            return false;
    }
    return offset == form.size && (ret_branch->size == 0 || path_fault(*ret_branch) == NULL) &&
           ret_text->size > 0 && ret_text->size <= ALARM_COMMENT_MAX && bytes_are_utf8(*ret_text);
}

/* Did the person, or the tenant, write as many as a day may have? The newest notes are looked at,
 * as far as a day back. */
static bool day_is_full(const struct alarms *alarms, const struct command *command,
                        const struct record_stamp *stamp)
{
    uint32_t newest = alarms->roots->handovers, of_tenant = 0, of_person = 0;
    for (uint32_t back = 0; back < HANDOVERS_KEPT && back < newest; back++) {
        const struct handover_entry *entry =
            state_read(&alarms->handovers, ring_row(newest - back));
        if (entry->engine_ns <= stamp->engine_ns - HANDOVERS_DAY_NS)
            break;
        bool mine = entry->tenant == command->tenant;
        of_tenant += mine;
        of_person += mine && entry->account == command->actor.account;
    }
    return of_tenant >= HANDOVERS_OF_TENANT || of_person >= HANDOVERS_OF_PERSON;
}

static enum err entry_put(struct alarms *alarms, const struct handover_entry *note,
                          const struct record_stamp *stamp)
{
    struct entry_entry entry = {.position = stamp->position,
                                .time_ns = stamp->wall_ns,
                                .wall_ns = stamp->wall_ns,
                                .value = (double)NAN,
                                .tenant = note->tenant,
                                .rule = note->number,
                                .account = note->account,
                                .event = ALARM_EVENT_HANDOVER};
    return alarms_entry_add(alarms, &entry, text_of(alarms, note->author),
                            text_of(alarms, note->text));
}

enum err alarms_handover_add(struct alarms *alarms, const struct command *command,
                             const struct record_stamp *stamp, struct outcome *outcome)
{
    struct bytes branch, text, author = command->actor.name;
    uint32_t note = alarms->roots->handovers + 1;
    if (command->tenant == 0 || command->tenant >= ALARM_TENANTS_MAX || note == 0 ||
        !is_good(command->module.form, &branch, &text)) {
        outcome->code = OUTCOME_ACT_INVALID;
        return OK;
    }
    if (day_is_full(alarms, command, stamp)) {
        outcome->code = OUTCOME_HANDOVERS_FULL;
        return OK;
    }
    author.size = author.size < RULE_NAME_MAX * 4 ? author.size : RULE_NAME_MAX * 4;
    enum err err = state_table_grow(&alarms->handovers, ring_row(note) + 1);
    if (err != OK)
        return err;
    struct handover_entry *entry = state_write(&alarms->handovers, ring_row(note));
    entry->wall_ns = stamp->wall_ns;
    entry->engine_ns = stamp->engine_ns;
    entry->number = note;
    entry->tenant = command->tenant;
    entry->account = command->actor.account;
    err = texts_set(&alarms->texts, &entry->branch, branch);
    if (err == OK)
        err = texts_set(&alarms->texts, &entry->author, author);
    if (err == OK)
        err = texts_set(&alarms->texts, &entry->text, text);
    if (err != OK)
        return err;
    roots_write(alarms)->handovers = note;
    outcome->number = note;
    return entry_put(alarms, entry, stamp);
}

enum err alarms_handovers_rebuild(struct alarms *alarms)
{
    uint32_t newest = alarms->roots->handovers;
    uint32_t held = newest < HANDOVERS_KEPT ? newest : HANDOVERS_KEPT;
    enum err err = state_table_grow(&alarms->handovers, held + 1);
    for (uint32_t i = 0; err == OK && i < held; i++) {
        const struct handover_entry *entry = state_read(&alarms->handovers, ring_row(newest - i));
        if (entry->number != newest - i || entry->text == TEXT_NONE ||
            !texts_is_valid(&alarms->texts, entry->branch, PATH_MAX_BYTES) ||
            !texts_is_valid(&alarms->texts, entry->author, TEXTS_BYTES_MAX) ||
            !texts_is_valid(&alarms->texts, entry->text, ALARM_COMMENT_MAX))
            return ERR_CORRUPT;
    }
    return err;
}

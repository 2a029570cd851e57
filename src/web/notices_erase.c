/* What a deleted tenant has of channels, rosters and routes goes, one command after the other. */
#include "web/notices.h"

static bool channel_name(const struct notices *notices, uint32_t tenant, struct bytes *ret_name)
{
    struct channel_view view = {.channel = 0};
    bool there = notices_channel(notices, notices_channel_next(notices, tenant, 0), &view);
    *ret_name = view.name;
    return there;
}

static bool roster_name(const struct notices *notices, uint32_t tenant, struct bytes *ret_name)
{
    struct roster_view view;
    bool there = notices_roster(notices, notices_roster_next(notices, tenant, 0), &view);
    *ret_name = there ? form_text(view.form, ROSTER_TAG_NAME) : bytes_of("", 0);
    return there;
}

static bool route_name(const struct notices *notices, uint32_t tenant, struct bytes *ret_name)
{
    struct route_view view = {.route = 0};
    bool there = notices_route(notices, notices_route_next(notices, tenant, 0), &view);
    *ret_name = view.name;
    return there;
}

/* What names something goes before what it names. */
bool notices_erase_next(const struct notices *notices, struct command *command,
                        struct form_writer *form)
{
    struct bytes name;
    if (route_name(notices, command->tenant, &name))
        command->kind = COMMAND_ROUTE_REMOVE;
    else if (roster_name(notices, command->tenant, &name))
        command->kind = COMMAND_ROSTER_REMOVE;
    else if (channel_name(notices, command->tenant, &name))
        command->kind = COMMAND_CHANNEL_REMOVE;
    else
        return false;
    form_put_text(form, CHANNEL_TAG_NAME, name);
    return form_end(form, &command->module.form);
}

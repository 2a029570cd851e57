/* Words in which the tables of schemas are written: for schemas_*.c alone. */
#pragma once

#include "web/schemas.h"

#define VALUE_TYPES "float64|int64|bool|string"
#define PATH_EXAMPLE "\"plant/line-1/press-3/temp\""
#define MEMBERS(name) static const struct schema_member name[]
#define LAST                                                                                       \
    {                                                                                              \
        NULL, NULL, false, NULL, NULL                                                              \
    }

/* clang-format off */
#define KEY_MEMBERS \
    {"key", "string", true, "idempotency key of 1 to 128 bytes, as the header Idempotency-Key", NULL}, \
    {"client", "string", true, "instead of a key: who sends, with a growing sequence", NULL}, \
    {"sequence", "integer", true, "above that client's last one", NULL}
/* clang-format on */

/* Each in schemas_*.c of its name: people have their rights with them, assets their types, alarms
 * their rules, notices channels, rosters and routes, the library boards. */
extern const struct schema schemas_points[], schemas_history[], schemas_system[], schemas_people[],
    schemas_assets[], schemas_alarms[], schemas_notices[], schemas_library[];
extern const size_t schemas_points_count, schemas_history_count, schemas_system_count,
    schemas_people_count, schemas_assets_count, schemas_alarms_count, schemas_notices_count,
    schemas_library_count;

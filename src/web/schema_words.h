/* Words in which the tables of schemas are written: for schemas.c and schemas_people.c alone. */
#pragma once

#include "web/schemas.h"

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

/* Of points, history and the system: schemas.c; of people and rights: schemas_people.c; of types and
 * assets: schemas_assets.c; of rules and alarms: schemas_alarms.c; of channels, rosters, routes and
 * deliveries: schemas_notices.c; of documents and boards: schemas_library.c. */
extern const struct schema schemas_points[], schemas_people[], schemas_assets[], schemas_alarms[],
    schemas_notices[], schemas_library[];
extern const size_t schemas_points_count, schemas_people_count, schemas_assets_count,
    schemas_alarms_count, schemas_notices_count, schemas_library_count;

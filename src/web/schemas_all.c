/* All shapes of bodies and answers, one table behind the other. */
#include "web/schema_words.h"

#include <string.h>

static const struct {
    const struct schema *at;
    const size_t *count;
} tables[] = {{schemas_points, &schemas_points_count},   {schemas_history, &schemas_history_count},
              {schemas_system, &schemas_system_count},   {schemas_people, &schemas_people_count},
              {schemas_assets, &schemas_assets_count},   {schemas_alarms, &schemas_alarms_count},
              {schemas_notices, &schemas_notices_count}, {schemas_library, &schemas_library_count}};

size_t schema_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
        count += *tables[i].count;
    return count;
}

const struct schema *schema_at(size_t index)
{
    size_t i = 0;
    check(index < schema_count());
    while (index >= *tables[i].count)
        index -= *tables[i++].count;
    return &tables[i].at[index];
}

const struct schema *schema_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
        for (size_t at = 0; at < *tables[i].count; at++)
            if (strcmp(tables[i].at[at].name, name) == 0)
                return &tables[i].at[at];
    return NULL;
}

/* tenant_folder: a tenant as a folder: what is configured, its samples, and a list of both with
 * their sums. */
#pragma once

#include "cli/people_words.h"

/* Writes FOLDER/tenant.ndjson (GET /v1/tenants/NAME/export), samples.ndjson.gz (as `mainstem
 * export` writes it, of all points of the tenant but the retired) and manifest.json. FOLDER must
 * not be there; until it is whole it is called FOLDER.partial, which is removed when it does not
 * become so, also on SIGINT and SIGTERM. What a killed run left there is written over. Returns the
 * exit code. */
int tenant_folder_export(const struct words *words, struct http_line *line, const char *name,
                         const char *folder);

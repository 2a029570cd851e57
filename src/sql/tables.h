/* tables: the columns of the tables, by number. Both sides know them: the worker declares them, the
 * server fills them. */
#pragma once

#include "sql/frame.h"
#include "sql/sql.h"

enum points_column {
    POINTS_POINT,
    POINTS_PATH,
    POINTS_TYPE,
    POINTS_UNIT,
    POINTS_DESCRIPTION,
    POINTS_LABELS,
    POINTS_LEVEL1,
    POINTS_RETIRED = POINTS_LEVEL1 + 8,
    POINTS_TENANT,
    POINTS_COLUMNS
};
enum live_column {
    LIVE_POINT,
    LIVE_PATH,
    LIVE_TIME,
    LIVE_VALUE,
    LIVE_TEXT,
    LIVE_QUALITY,
    LIVE_LIMIT_STATE,
    LIVE_ARRIVAL,
    LIVE_TENANT,
    LIVE_LABELS,
    LIVE_COLUMNS
};
enum samples_column {
    SAMPLES_POINT,
    SAMPLES_PATH,
    SAMPLES_TIME,
    SAMPLES_VALUE,
    SAMPLES_TEXT,
    SAMPLES_QUALITY,
    SAMPLES_LATENESS,
    SAMPLES_LABELS,
    SAMPLES_COLUMNS
};
enum buckets_column {
    BUCKETS_POINT,
    BUCKETS_PATH,
    BUCKETS_TIME,
    BUCKETS_COUNT,
    BUCKETS_SUM,
    BUCKETS_MIN,
    BUCKETS_MAX,
    BUCKETS_MEAN,
    BUCKETS_FIRST,
    BUCKETS_LAST,
    BUCKETS_TIME_MEAN,
    BUCKETS_STDDEV,
    BUCKETS_MATCH, /* the hidden ones are the function's arguments, in this order */
    BUCKETS_FROM,
    BUCKETS_TO,
    BUCKETS_STEP,
    BUCKETS_LABELS,
    BUCKETS_COLUMNS
};
enum types_column { TYPES_COLUMNS = 9 };
enum assets_column { ASSETS_COLUMNS = 13 };
enum rules_column { RULES_COLUMNS = 19 };
enum alarms_column { ALARMS_COLUMNS = 17 };
enum journal_column { JOURNAL_ARRIVED = 10, JOURNAL_COLUMNS = 16 };
enum documents_column { DOCUMENTS_COLUMNS = 11 };
enum rosters_column { ROSTERS_COLUMNS = 8 };
enum channels_column { CHANNELS_COLUMNS = 11 };
static inline bool column_wanted(const struct sql_filter *filter, unsigned column)
{
    return filter->columns >> column & 1u;
}

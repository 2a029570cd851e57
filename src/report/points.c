/* Points, refusals and text as JSON. */
#include "report/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- text
 * ---------------------------------------------------------------------------------------- */
json_t *report_text(struct bytes text)
{
    for (size_t cut = 0; cut < 4 && cut <= text.size; cut++)
        if (bytes_are_utf8(bytes_of(text.at, text.size - cut)))
            return json_stringn(text.size - cut ? (const char *)text.at : "", text.size - cut);
    return json_string("(no UTF-8)");
}

json_t *report_time(int64_t time_ns)
{
    char text[TIME_TEXT_SIZE];
    return time_ns == 0 ? json_null() : json_string(time_format(time_ns, text));
}

/* ---- points
 * -------------------------------------------------------------------------------------- */
static json_t *point_value(const struct value *value)
{
    if (!value->present)
        return json_null();
    switch (value->type) {
    case VALUE_FLOAT64:
        return json_real(value_real(value));
    case VALUE_INT64:
        return json_integer(value->number);
    case VALUE_BOOL:
        return json_boolean(value->number != 0);
    case VALUE_STRING:
        return report_text(value->text);
    default:
        return json_null();
    }
}

/* The shortest decimal that reads back as this double. */
static void real_text(double real, char *text, size_t size)
{
    for (int digits = 15; digits <= 17; digits++) {
        double again = 0;
        snprintf(text, size, "%.*g", digits, real);
        if (sscanf(text, "%lf", &again) == 1 && again == real)
            return;
    }
}

/* The value as a person writes it: 21.3, not 21.300000000000001. */
static json_t *point_text(const struct value *value)
{
    char text[64] = "";
    if (!value->present)
        return json_string("");
    if (value->type == VALUE_STRING)
        return report_text(value->text);
    if (value->type == VALUE_FLOAT64)
        real_text(value_real(value), text, sizeof text);
    else if (value->type == VALUE_BOOL)
        return json_string(value->number ? "true" : "false");
    else
        snprintf(text, sizeof text, "%" PRId64, value->number);
    return json_string(text);
}

static void point_settings(json_t *object, const struct point_view *view)
{
    static const char *const kinds[LIMIT_KINDS] = {[LIMIT_LOW_LOW] = "low_low",
                                                   [LIMIT_LOW] = "low",
                                                   [LIMIT_HIGH] = "high",
                                                   [LIMIT_HIGH_HIGH] = "high_high"};
    json_t *labels = json_object(), *limits = json_object();
    for (size_t i = 0; i < view->label_count; i++)
        json_object_setn_new(labels, (const char *)view->labels[i].name.at,
                             view->labels[i].name.size, report_text(view->labels[i].value));
    for (size_t i = 0; i < LIMIT_KINDS; i++)
        if (!isnan(view->limits[i]))
            report_put_real(limits, kinds[i], view->limits[i]);
    json_object_set_new(object, "description", report_text(view->description));
    json_object_set_new(object, "labels", labels);
    json_object_set_new(object, "limits", limits);
    report_put(object, "row", view->row);
    report_put(object, "tenant", view->tenant);
}

static json_t *point_json(const struct point_view *view, struct bytes path, bool whole)
{
    static const char *const states[] = {
        [LIMIT_STATE_NONE] = "none", [LIMIT_STATE_LOW_LOW] = "low_low",
        [LIMIT_STATE_LOW] = "low",   [LIMIT_STATE_NORMAL] = "normal",
        [LIMIT_STATE_HIGH] = "high", [LIMIT_STATE_HIGH_HIGH] = "high_high"};
    const char *quality = quality_name(view->value.quality);
    const char *type = value_type_name(view->value.type);
    json_t *object = json_object();
    report_put(object, "point", view->point);
    json_object_set_new(object, "path", report_text(path));
    json_object_set_new(object, "type", json_string(type ? type : "none"));
    json_object_set_new(object, "value", view->time_ns ? point_value(&view->value) : json_null());
    json_object_set_new(object, "text", view->time_ns ? point_text(&view->value) : json_string(""));
    json_object_set_new(object, "quality", json_string(quality ? quality : "unknown"));
    json_object_set_new(object, "time", report_time(view->time_ns));
    report_put(object, "time_ns", (uint64_t)view->time_ns);
    json_object_set_new(object, "arrival", report_time(view->arrival_ns));
    report_put(object, "arrival_ns", (uint64_t)view->arrival_ns);
    json_object_set_new(object, "unit", report_text(view->unit));
    json_object_set_new(object, "limit_state", json_string(states[view->limit_state]));
    if (whole)
        point_settings(object, view);
    return object;
}

json_t *report_point(const struct report_sources *sources, uint32_t point, bool whole)
{
    struct points *points = engine_points(sources->engine);
    struct point_view view;
    uint8_t path[PATH_MAX_BYTES];
    points_view(points, point, &view);
    return point_json(&view, bytes_of(path, points_path(points, point, path)), whole);
}

json_t *report_points(const struct report_sources *sources, uint32_t tenant, struct bytes filter,
                      uint32_t after, uint32_t most)
{
    struct points *points = engine_points(sources->engine);
    uint32_t count = points_count(points), point = after, looked = 0;
    uint8_t path[PATH_MAX_BYTES];
    struct point_view view;
    size_t bytes = 0;
    json_t *list = json_array();
    while (point < count && looked < REPORT_LOOKED && json_array_size(list) < most &&
           bytes < REPORT_ANSWER_MAX) {
        point++;
        looked++;
        size_t size = points_path(points, point, path);
        if (!path_matches(bytes_of(path, size), filter))
            continue;
        points_view(points, point, &view);
        if (view.retired || (tenant != TENANT_ALL && view.tenant != tenant))
            continue;
        bytes += 400 + size + 2 * view.value.text.size * (view.value.type == VALUE_STRING);
        json_t *object = point_json(&view, bytes_of(path, size), false);
        if (tenant == TENANT_ALL)
            report_put(object, "tenant", view.tenant);
        json_array_append_new(list, object);
    }
    return json_pack(
        "{s:o,s:o,s:I}", "points", list, "next",
        point < count ? json_integer((json_int_t)point) : json_null(), "count",
        (json_int_t)(tenant == TENANT_ALL ? count : engine_tenant_points(sources->engine, tenant)));
}

/* ---- refusals
 * ------------------------------------------------------------------------------------ */
json_t *report_refused(const struct report_sources *sources, uint32_t tenant)
{
    json_t *list = json_array();
    for (size_t i = 0; i < engine_refused_count(sources->engine); i++) {
        const struct refused *refused = engine_refused_at(sources->engine, i);
        if (tenant != TENANT_ALL && refused->tenant != tenant)
            continue;
        json_t *object = json_object();
        if (tenant == TENANT_ALL)
            report_put(object, "tenant", refused->tenant);
        json_object_set_new(object, "topic",
                            report_text(bytes_of(refused->topic, refused->topic_size)));
        json_object_set_new(object, "reason", json_string(admit_name(refused->admit)));
        json_object_set_new(object, "text",
                            json_string(refused->fault != PAYLOAD_OK
                                            ? payload_fault_text(refused->fault)
                                            : admit_text(refused->admit)));
        if (refused->fault != PAYLOAD_OK)
            json_object_set_new(object, "fault", json_string(payload_fault_name(refused->fault)));
        report_put(object, "count", refused->count);
        json_object_set_new(object, "first", report_time(refused->first_wall_ns));
        json_object_set_new(object, "last", report_time(refused->last_wall_ns));
        json_array_append_new(list, object);
    }
    return json_pack("{s:o}", "refused", list);
}

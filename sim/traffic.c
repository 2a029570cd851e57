/* Devices of six habits: JSON objects with and without a time, one metric a topic, values beside
 * the time, arrays after a silence, nested objects. Their readings walk, repeat, jump, go missing;
 * times come late, early and twice; and some of what they say is nonsense. */
#include "traffic.h"

#include "keys.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum device_kind { OBJECT_TIMED, OBJECT_BARE, SCALAR, VALUES_BESIDE, ARRAY, NESTED, DEVICE_KINDS };

void traffic_init(struct traffic *traffic, struct random *random)
{
    static const uint8_t types[] = {VALUE_FLOAT64, VALUE_FLOAT64, VALUE_FLOAT64, VALUE_FLOAT64,
                                    VALUE_BOOL,    VALUE_STRING,  VALUE_INT64};
    memset(traffic, 0, sizeof *traffic);
    traffic->random = random;
    for (unsigned i = 0; i < DEVICES; i++) {
        struct device *device = &traffic->devices[i];
        device->kind = (uint8_t)random_below(random, DEVICE_KINDS);
        device->metrics = (uint8_t)(1 + random_below(random, METRICS_MAX));
        for (unsigned m = 0; m < METRICS_MAX; m++) {
            device->types[m] = types[random_below(random, sizeof types)];
            device->steps[m] = (int64_t)random_below(random, 100000);
        }
    }
}

static void PRINTF_LIKE(2, 3) say(struct message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(message->payload + message->payload_size,
                         PAYLOAD_MAX - message->payload_size, format, arguments);
    va_end(arguments);
    check(size >= 0 && message->payload_size + (size_t)size < PAYLOAD_MAX);
    message->payload_size += (size_t)size;
}

static void promise(struct message *message, const char *path, int64_t time_ns,
                    const struct value *value)
{
    check(message->key_count < MESSAGE_VALUES_MAX);
    message->keys[message->key_count++] = key_hash(bytes_text(path), time_ns, value);
}

/* Says one value of the metric and promises it. */
static void say_value(struct traffic *traffic, struct message *message, unsigned metric,
                      const char *path, int64_t time_ns)
{
    struct random *random = traffic->random;
    struct device *device = &traffic->devices[message->device];
    int64_t *step = &device->steps[metric];
    struct value value = {.type = device->types[metric], .present = true};
    char text[600];
    /* Of a float64 only: a first null makes a point of that type. */
    if (value.type == VALUE_FLOAT64 && random_one_in(random, 60)) {
        value.present = false;
        value.quality = QUALITY_BAD_NO_VALUE;
        say(message, "null");
        promise(message, path, time_ns, &value);
        return;
    }
    if (!random_one_in(random, 4))
        *step += (int64_t)random_below(random, 41) - 20;
    if (random_one_in(random, 200)) {
        uint64_t shift = random_below(random, 40);
        *step = (int64_t)random_next(random) >> shift;
    }
    switch (value.type) {
    case VALUE_FLOAT64: {
        double real = (double)(*step >> 11) / 100.0;
        if (random_one_in(random, 30))
            real = (double)*step * 1.2345e-7;
        value = value_of_real(real);
        say(message, "%.17g", real);
        break;
    }
    case VALUE_INT64: /* beyond 2^53, or it would be a float64 */
        value.number = (INT64_C(1) << 60) + (*step >> 8);
        say(message, "%" PRId64, value.number);
        break;
    case VALUE_BOOL:
        value.number = *step & 1;
        say(message, "%s", value.number != 0 ? "true" : "false");
        break;
    default: {
        int size = snprintf(text, sizeof text, "state %" PRId64 " %.*s", *step & 15,
                            (int)random_below(random, random_one_in(random, 20) ? 500 : 8),
                            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        value.text = bytes_of(text, (size_t)size);
        say(message, "\"%s\"", text);
        break;
    }
    }
    promise(message, path, time_ns, &value);
}

static int64_t traffic_time(struct traffic *traffic, int64_t wall_ns)
{
    struct random *random = traffic->random;
    int64_t ms = wall_ns / NS_PER_MS;
    if (random_one_in(random, 20)) /* late, up to a week; or early */
        ms -= (int64_t)random_below(random, 7 * 86400 * UINT64_C(1000));
    else if (random_one_in(random, 50))
        ms += (int64_t)random_below(random, 60000);
    return ms * NS_PER_MS;
}

/* {"m0":..,"m1":..}, some left out; `time_ns` 0: none is said. */
static void say_object(struct traffic *traffic, struct message *message, const char *base,
                       int64_t time_ns, bool with_time)
{
    const struct device *device = &traffic->devices[message->device];
    char path[192];
    bool all = !random_one_in(traffic->random, 6), first = true;
    say(message, "{");
    if (with_time) {
        say(message, "\"ts\":%" PRId64, time_ns / NS_PER_MS);
        first = false;
    }
    for (unsigned m = 0; m < device->metrics; m++) {
        if (!all && m > 0 && random_one_in(traffic->random, 2))
            continue;
        snprintf(path, sizeof path, "%s/m%u", base, m);
        say(message, "%s\"m%u\":", first ? "" : ",", m);
        say_value(traffic, message, m, path, time_ns);
        first = false;
    }
    say(message, "}");
}

static void say_nonsense(struct traffic *traffic, struct message *message)
{
    static const char *const nonsense[] = {"{\"m0\":", "{\"m0\":[1,2]}", "{}",
                                           "[]",       "\xff\xfe\x01",   "{\"m0\":1,\"m0\":2}"};
    message->expectation = EXPECT_REFUSED;
    if (random_one_in(traffic->random, 4)) {
        snprintf(message->topic, sizeof message->topic, "$SYS/device%u", message->device);
        say(message, "1");
        return;
    }
    if (random_one_in(traffic->random, 4)) { /* text where a number or a switch should be */
        unsigned m = 0;
        const struct device *device = &traffic->devices[message->device];
        if (device->known && device->kind == OBJECT_TIMED && device->types[m] != VALUE_STRING) {
            say(message, "{\"m%u\":\"not this\"}", m);
            return;
        }
    }
    say(message, "%s", nonsense[random_below(traffic->random, ARRAY_COUNT(nonsense))]);
}

static void say_reading(struct traffic *traffic, struct message *message, int64_t wall_ns)
{
    const struct device *device = &traffic->devices[message->device];
    int64_t time_ns = traffic_time(traffic, wall_ns);
    char base[160];
    unsigned metric;
    switch (device->kind) {
    case OBJECT_TIMED:
        say_object(traffic, message, message->topic, time_ns, true);
        break;
    case OBJECT_BARE:
        say_object(traffic, message, message->topic, 0, false);
        break;
    case SCALAR:
        metric = (unsigned)random_below(traffic->random, device->metrics);
        snprintf(base, sizeof base, "%s/m%u", message->topic, metric);
        snprintf(message->topic, sizeof message->topic, "%.120s", base);
        say_value(traffic, message, metric, base, 0);
        break;
    case VALUES_BESIDE:
        say(message, "{\"time\":%" PRId64 ",\"values\":", time_ns / NS_PER_MS);
        say_object(traffic, message, message->topic, time_ns, false);
        say(message, "}");
        break;
    case ARRAY:
        say(message, "[");
        for (unsigned i = 0; i < 3; i++) {
            say(message, "%s", i > 0 ? "," : "");
            say_object(traffic, message, message->topic, time_ns + (int64_t)i * NS_PER_S, true);
        }
        say(message, "]");
        break;
    default:
        snprintf(base, sizeof base, "%s/in/side", message->topic);
        say(message, "{\"ts\":%" PRId64 ",\"in\":{\"side\":", time_ns / NS_PER_MS);
        say_object(traffic, message, base, time_ns, false);
        say(message, "}}");
        break;
    }
}

void traffic_next(struct traffic *traffic, int64_t wall_ns, struct message *message)
{
    struct random *random = traffic->random;
    if (traffic->last.payload_size > 0 && random_one_in(random, 40)) { /* said twice */
        *message = traffic->last;
        return;
    }
    message->device = (unsigned)random_below(random, DEVICES);
    message->payload_size = 0;
    message->key_count = 0;
    message->expectation = EXPECT_TAKEN;
    snprintf(message->topic, sizeof message->topic, "site%u/line%u/device%u", message->device % 3,
             message->device % 5, message->device);
    if (random_one_in(random, 50))
        say_nonsense(traffic, message);
    else
        say_reading(traffic, message, wall_ns);
    if (random_one_in(random, 30))
        traffic->last = *message;
}

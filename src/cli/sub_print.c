#include "cli/sub_print.h"

#include "cli/terminal.h"

#include <jansson.h>
#include <string.h>

#define LETTERS "tpxqrdlmIUJFECRDPS%"
#define HEX_SHOWN 64 /* bytes of a payload that is no text, for people */

static void put_bytes(FILE *to, struct bytes bytes)
{
    if (bytes.size > 0)
        fwrite(bytes.at, 1, bytes.size, to);
}

static void put_hex(FILE *to, struct bytes bytes, size_t most)
{
    for (size_t i = 0; i < bytes.size && i < most; i++)
        fprintf(to, "%02x", bytes.at[i]);
    if (bytes.size > most)
        fputs("...", to);
}

/* ---- JSON
 * ---------------------------------------------------------------------------------------- */

/* RFC 4648, 4. */
static json_t *json_base64(struct bytes bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = (bytes.size + 2) / 3 * 4, at = 0;
    char *text = malloc(size + 1);
    if (text == NULL)
        return json_null();
    for (size_t i = 0; i < bytes.size; i += 3) {
        uint32_t three = (uint32_t)bytes.at[i] << 16;
        if (i + 1 < bytes.size)
            three |= (uint32_t)bytes.at[i + 1] << 8;
        if (i + 2 < bytes.size)
            three |= bytes.at[i + 2];
        text[at++] = digits[three >> 18];
        text[at++] = digits[three >> 12 & 63];
        text[at++] = i + 1 < bytes.size ? digits[three >> 6 & 63] : '=';
        text[at++] = i + 2 < bytes.size ? digits[three & 63] : '=';
    }
    json_t *made = json_stringn(text, at);
    free(text);
    return made;
}

static json_t *json_bytes(struct bytes bytes)
{
    return json_stringn(bytes.size > 0 ? (const char *)bytes.at : "", bytes.size);
}

/* NAME when it is text, NAME_base64 when it is not. */
static void json_put_bytes(json_t *object, const char *name, struct bytes bytes)
{
    char encoded[64];
    if (bytes_are_utf8(bytes)) {
        json_object_set_new(object, name, json_bytes(bytes));
        return;
    }
    snprintf(encoded, sizeof encoded, "%s_base64", name);
    json_object_set_new(object, encoded, json_base64(bytes));
}

static void json_put_lists(json_t *object, const struct mqtt_properties *properties)
{
    size_t offset = 0;
    uint32_t id;
    json_t *list = json_array();
    while (mqtt_subscription_id(properties->raw, &offset, &id))
        json_array_append_new(list, json_integer(id));
    if (json_array_size(list) > 0)
        json_object_set(object, "subscription_ids", list);
    json_decref(list);
    struct bytes name, value;
    list = json_array();
    offset = 0;
    while (mqtt_user_property(properties->raw, &offset, &name, &value)) {
        json_t *pair = json_array();
        json_array_append_new(pair, json_bytes(name));
        json_array_append_new(pair, json_bytes(value));
        json_array_append_new(list, pair);
    }
    if (json_array_size(list) > 0)
        json_object_set(object, "user", list);
    json_decref(list);
}

static json_t *json_properties(const struct mqtt_properties *properties)
{
    json_t *object = json_object();
    if (MQTT_HAS(properties, 1))
        json_object_set_new(object, "payload_format", json_integer(properties->payload_format));
    if (MQTT_HAS(properties, 2))
        json_object_set_new(object, "expiry_s", json_integer(properties->message_expiry_s));
    if (MQTT_HAS(properties, 3))
        json_put_bytes(object, "content_type", properties->content_type);
    if (MQTT_HAS(properties, 8))
        json_put_bytes(object, "response_topic", properties->response_topic);
    if (MQTT_HAS(properties, 9))
        json_put_bytes(object, "correlation_data", properties->correlation_data);
    json_put_lists(object, properties);
    return object;
}

static void put_json(FILE *to, const struct client_message *message, int64_t wall_ns)
{
    char time[TIME_TEXT_SIZE];
    json_t *object = json_object();
    json_object_set_new(object, "time",
                        json_string(time_format(wall_ns / NS_PER_US * NS_PER_US, time)));
    json_object_set_new(object, "topic", json_bytes(message->topic));
    json_object_set_new(object, "qos", json_integer(message->qos));
    json_object_set_new(object, "retain", json_boolean(message->retain));
    if (message->dup)
        json_object_set_new(object, "duplicate", json_true());
    json_put_bytes(object, "payload", message->payload);
    json_t *properties = json_properties(message->properties);
    if (json_object_size(properties) > 0)
        json_object_set(object, "properties", properties);
    json_decref(properties);
    json_dumpf(object, to, JSON_COMPACT);
    json_decref(object);
}

void sub_print_json(FILE *to, const struct client_message *message, int64_t wall_ns)
{
    put_json(to, message, wall_ns);
    fputc('\n', to);
}

/* ---- by a format
 * --------------------------------------------------------------------------------- */

const char *sub_format_fault(const char *format)
{
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at + 2, '%'))
        if (at[1] == 0 || strchr(LETTERS, at[1]) == NULL)
            return at + 1;
    return NULL;
}

static void put_user(FILE *to, const struct mqtt_properties *properties)
{
    size_t offset = 0;
    struct bytes name, value;
    for (bool more = false; mqtt_user_property(properties->raw, &offset, &name, &value);
         more = true) {
        if (more)
            fputc(' ', to);
        put_bytes(to, name);
        fputc('=', to);
        put_bytes(to, value);
    }
}

static void put_subscription_ids(FILE *to, const struct mqtt_properties *properties)
{
    size_t offset = 0;
    uint32_t id;
    for (bool more = false; mqtt_subscription_id(properties->raw, &offset, &id); more = true)
        fprintf(to, "%s%u", more ? " " : "", id);
}

static void put_property(FILE *to, char letter, const struct mqtt_properties *properties)
{
    switch (letter) {
    case 'F':
        fprintf(to, "%u", properties->payload_format);
        break;
    case 'E':
        if (MQTT_HAS(properties, 2))
            fprintf(to, "%u", properties->message_expiry_s);
        break;
    case 'C':
        put_bytes(to, properties->content_type);
        break;
    case 'R':
        put_bytes(to, properties->response_topic);
        break;
    case 'D':
        put_bytes(to, properties->correlation_data);
        break;
    case 'P':
        put_user(to, properties);
        break;
    case 'S':
        put_subscription_ids(to, properties);
        break;
    default:
        fputc(letter, to);
        break;
    }
}

static void put_letter(FILE *to, char letter, const struct client_message *message, int64_t wall_ns)
{
    char time[TIME_TEXT_SIZE];
    switch (letter) {
    case 't':
        put_bytes(to, message->topic);
        break;
    case 'p':
        put_bytes(to, message->payload);
        break;
    case 'x':
        put_hex(to, message->payload, SIZE_MAX);
        break;
    case 'q':
        fprintf(to, "%u", message->qos);
        break;
    case 'r':
        fputc(message->retain ? '1' : '0', to);
        break;
    case 'd':
        fputc(message->dup ? '1' : '0', to);
        break;
    case 'l':
        fprintf(to, "%zu", message->payload.size);
        break;
    case 'm':
        fprintf(to, "%u", message->packet_id);
        break;
    case 'I':
        fputs(time_format(wall_ns / NS_PER_US * NS_PER_US, time), to);
        break;
    case 'U':
        fprintf(to, "%lld.%06lld", (long long)(wall_ns / NS_PER_S),
                (long long)(wall_ns % NS_PER_S / NS_PER_US));
        break;
    case 'J':
        put_json(to, message, wall_ns);
        break;
    default:
        put_property(to, letter, message->properties);
        break;
    }
}

void sub_print_format(FILE *to, const char *format, const struct client_message *message,
                      int64_t wall_ns)
{
    for (const char *at = format; *at != 0; at++) {
        if (*at == '%' && at[1] != 0) {
            put_letter(to, *++at, message, wall_ns);
        } else if (*at == '\\' && at[1] == 'c' && at[2] == 0) {
            return;
        } else if (*at == '\\' && at[1] != 0) {
            at++;
            fputc(*at == 'n' ? '\n' : *at == 't' ? '\t' : *at == '0' ? 0 : *at, to);
        } else {
            fputc(*at, to);
        }
    }
    fputc('\n', to);
}

/* ---- for people
 * ---------------------------------------------------------------------------------- */

static bool is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.at[i] < 0x20 && text.at[i] != '\n' && text.at[i] != '\t' && text.at[i] != '\r') ||
            text.at[i] == 0x7F)
            return false;
    return bytes_are_utf8(text);
}

void sub_print_plain(FILE *to, const struct client_message *message)
{
    fputs(paint(PAINT_CYAN), to);
    put_bytes(to, message->topic);
    fputs(paint(PAINT_NONE), to);
    fputc(' ', to);
    if (message->retain)
        fprintf(to, "%s(retained)%s ", paint(PAINT_YELLOW), paint(PAINT_NONE));
    if (is_printable(message->payload)) {
        put_bytes(to, message->payload);
    } else {
        fprintf(to, "%s%zu bytes ", paint(PAINT_DIM), message->payload.size);
        put_hex(to, message->payload, HEX_SHOWN);
        fputs(paint(PAINT_NONE), to);
    }
    fputc('\n', to);
}

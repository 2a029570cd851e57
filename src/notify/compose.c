/* What is said: a delivery as JSON for programs, as a mail for people. The same whenever it is sent
 * again. */
#include "notify/room.h"

#include <inttypes.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_MAX ((size_t)64 << 10)
#define SUBJECT_SIZE 400
#define BASE64_LINE 57 /* bytes in a line of 76 (RFC 2045, 6.8) */

static int as_int(struct bytes text)
{
    return (int)text.size;
}

static const char *as_text(struct bytes text)
{
    return text.size == 0 ? "" : (const char *)text.at;
}

void compose_identity(const struct delivery_view *delivery, char identity[NOTIFY_IDENTITY_SIZE])
{
    snprintf(identity, NOTIFY_IDENTITY_SIZE, "mainstem-%" PRIu64 "-%" PRIx64, delivery->delivery,
             (uint64_t)delivery->made_wall_ns);
}

/* ---- JSON --------------------------------------------------------------------------------------
 */
static void member_text(struct json_writer *json, const char *name, struct bytes text)
{
    json_put_name(json, name);
    json_put_string(json, text);
}

static void item_put(struct json_writer *json, const struct notice_item *item)
{
    json_put_object(json);
    json_put_name(json, "what");
    json_put_text(json, item->what == NOTICE_TEST ? "test" : "alarm");
    if (item->what == NOTICE_ALARM) {
        json_put_name(json, "alarm");
        json_put_count(json, item->alarm);
        json_put_name(json, "entry");
        json_put_count(json, item->entry);
        json_put_name(json, "state");
        json_put_text(json, item->state < ALARM_STATES ? alarm_state_word(item->state) : "");
        json_put_name(json, "kind");
        json_put_text(json, item->kind < RULE_KINDS ? rule_kind_word(item->kind) : "");
        member_text(json, "path", item->path);
        json_put_name(json, "value");
        json_put_real(json, item->value);
    }
    json_put_name(json, "priority");
    json_put_count(json, item->priority);
    member_text(json, "title", item->title);
    member_text(json, "why", item->why);
    json_put_name(json, "time");
    json_put_time(json, item->time_ns);
    json_put_object_end(json);
}

bool compose_json(const struct notices *notices, const struct delivery_view *delivery,
                  struct bytes tenant, const char *identity, struct json_writer *json)
{
    struct channel_view channel;
    struct notice_item item;
    char subject[SUBJECT_SIZE];
    size_t offset = 0;
    if (!notices_channel(notices, delivery->channel, &channel))
        return false;
    compose_subject(delivery, &channel, subject, sizeof subject);
    json_put_object(json);
    json_put_name(json, "id");
    json_put_text(json, identity);
    json_put_name(json, "delivery");
    json_put_count(json, delivery->delivery);
    member_text(json, "tenant", tenant);
    member_text(json, "channel", channel.name);
    json_put_name(json, "text");
    json_put_text(json, subject);
    json_put_name(json, "test");
    json_put_bool(json, delivery->test);
    json_put_name(json, "made");
    json_put_time(json, delivery->made_wall_ns);
    json_put_name(json, "priority");
    json_put_count(json, delivery->priority);
    json_put_name(json, "count");
    json_put_count(json, delivery->count);
    json_put_name(json, "alarms");
    json_put_array(json);
    while (notices_item_next(delivery->items, &offset, &item))
        item_put(json, &item);
    json_put_array_end(json);
    json_put_object_end(json);
    return !json_writer_failed(json);
}

/* ---- words for people --------------------------------------------------------------------------
 */
/* The rule of dead channels made itself, and says nothing in anybody's language until he does. */
static struct bytes title_of(const struct notice_item *item, bool chinese)
{
    if (item->kind != RULE_CHANNEL || !bytes_equal(item->title, bytes_text(RULE_CHANNELS_NAME)))
        return item->title;
    return bytes_text(chinese ? "\xe9\x80\x9a\xe7\x9f\xa5\xe9\x80\x9a\xe9\x81\x93" /* channel */
                                "\xe4\xb8\x8d\xe9\x80\x9a" /* does not get through */
                              : "Channel cannot be reached");
}

static bool item_is_over(const struct notice_item *item)
{
    return item->what == NOTICE_ALARM &&
           (item->state == ALARM_NORMAL || item->state == ALARM_RETURNED);
}

static void item_line(const struct notice_item *item, bool chinese, char *text, size_t size)
{
    const char *in = item->path.size > 0 ? (chinese ? "\xef\xbc\x8c" : ", ") : "";
    struct bytes title = title_of(item, chinese);
    const char *over = !item_is_over(item) ? ""
                       : chinese           ? "\xe5\xb7\xb2\xe6\x81\xa2\xe5\xa4\x8d " /* recovered */
                                           : "Over: ";
    if (item->what == NOTICE_TEST)
        snprintf(text, size,
                 chinese ? "\xe6\xb5\x8b\xe8\xaf\x95\xe9\x80\x9a\xe7\x9f\xa5" /* test notice */
                         : "This is a test");
    else
        snprintf(text, size, "[P%u] %s%.*s%s%.*s%s%.*s", item->priority, over, as_int(title),
                 as_text(title), in, as_int(item->path), as_text(item->path),
                 item->why.size > 0 ? ": " : "", as_int(item->why), as_text(item->why));
}

/* A text that was cut within a character ends before it. */
static void text_mend(char *text)
{
    struct bytes bytes = bytes_text(text);
    size_t at = 0, step;
    while ((step = bytes_utf8_step(bytes, at)) > 0)
        at += step;
    text[at] = '\0';
}

void compose_subject(const struct delivery_view *delivery, const struct channel_view *channel,
                     char *text, size_t size)
{
    struct notice_item item;
    char line[SUBJECT_SIZE];
    size_t offset = 0;
    bool chinese = channel->language == NOTICE_CHINESE;
    if (!notices_item_next(delivery->items, &offset, &item))
        snprintf(line, sizeof line, "Mainstem");
    else
        item_line(&item, chinese, line, sizeof line);
    text_mend(line);
    if (delivery->count > 1)
        snprintf(text, size,
                 chinese ? "%u \xe6\x9d\xa1\xe6\x8a\xa5\xe8\xad\xa6: %s" /* alarms */
                         : "%u alarms: %s",
                 delivery->count, line);
    else
        snprintf(text, size, "%s", line);
    text_mend(text);
}

/* ---- mail --------------------------------------------------------------------------------------
 */
struct mail { /* a text that grows to a limit */
    char *at;
    size_t size, capacity;
};

static void mail_put(struct mail *mail, const char *text)
{
    size_t size = strlen(text);
    if (size > mail->capacity - mail->size)
        size = mail->capacity - mail->size;
    memcpy(mail->at + mail->size, text, size);
    mail->size += size;
}

static void mail_put_base64(struct mail *mail, struct bytes bytes)
{
    char line[80];
    for (size_t at = 0; at < bytes.size; at += BASE64_LINE) {
        size_t size = bytes.size - at < BASE64_LINE ? bytes.size - at : BASE64_LINE;
        EVP_EncodeBlock((unsigned char *)line, bytes.at + at, (int)size);
        mail_put(mail, line);
        mail_put(mail, "\r\n");
    }
}

/* Words of at most 75 characters, none cut within a character of UTF-8 (RFC 2047, 2 and 5). */
static void mail_put_subject(struct mail *mail, const char *subject)
{
    struct bytes text = bytes_text(subject);
    char word[80];
    mail_put(mail, "Subject:");
    for (size_t at = 0; at < text.size;) {
        size_t size = 0, step;
        while ((step = bytes_utf8_step(text, at + size)) > 0 && size + step <= 45)
            size += step;
        if (size == 0)
            break;
        EVP_EncodeBlock((unsigned char *)word, text.at + at, (int)size);
        mail_put(mail, at == 0 ? " =?utf-8?B?" : "\r\n =?utf-8?B?");
        mail_put(mail, word);
        mail_put(mail, "?=");
        at += size;
    }
    mail_put(mail, "\r\n");
}

/* In English words, whatever the locale (RFC 5322, 3.3). */
static void mail_put_date(struct mail *mail, int64_t wall_ns)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char line[80];
    struct tm tm;
    time_t seconds = (time_t)(wall_ns / NS_PER_S);
    gmtime_r(&seconds, &tm);
    snprintf(line, sizeof line, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d +0000\r\n",
             days + 3 * (tm.tm_wday % 7), tm.tm_mday, months + 3 * (tm.tm_mon % 12),
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    mail_put(mail, line);
}

static void body_put(struct mail *body, const struct notices *notices,
                     const struct delivery_view *delivery)
{
    struct channel_view channel;
    struct notice_item item;
    char line[4096], when[TIME_TEXT_SIZE];
    uint32_t count = 0;
    size_t offset = 0;
    bool chinese =
        notices_channel(notices, delivery->channel, &channel) && channel.language == NOTICE_CHINESE;
    while (notices_item_next(delivery->items, &offset, &item)) {
        item_line(&item, chinese, line, sizeof line);
        text_mend(line);
        mail_put(body, line);
        mail_put(body, "\r\n    ");
        mail_put(body, time_format_short(item.time_ns, when));
        mail_put(body, "\r\n");
        count++;
    }
    if (delivery->count > count) {
        snprintf(line, sizeof line,
                 chinese ? "\xe5\x8f\xa6\xe6\x9c\x89 %u \xe6\x9d\xa1\r\n" /* and n more */
                         : "and %u more\r\n",
                 delivery->count - count);
        mail_put(body, line);
    }
}

char *compose_mail(const struct notices *notices, const struct delivery_view *delivery,
                   const char *identity, const char *from, size_t *ret_size)
{
    struct channel_view channel;
    char line[1400], subject[SUBJECT_SIZE];
    struct mail mail = {.at = malloc(BODY_MAX), .capacity = BODY_MAX};
    struct mail body = {.at = malloc(BODY_MAX / 2), .capacity = BODY_MAX / 2};
    if (mail.at == NULL || body.at == NULL ||
        !notices_channel(notices, delivery->channel, &channel)) {
        free(mail.at);
        free(body.at);
        return NULL;
    }
    compose_subject(delivery, &channel, subject, sizeof subject);
    mail_put_date(&mail, delivery->made_wall_ns);
    snprintf(line, sizeof line, "From: <%s>\r\nTo: <%.*s>\r\nMessage-ID: <%s@mainstem>\r\n", from,
             as_int(channel.target), as_text(channel.target), identity);
    mail_put(&mail, line);
    mail_put_subject(&mail, subject);
    mail_put(&mail, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n");
    body_put(&body, notices, delivery);
    mail_put_base64(&mail, bytes_of(body.at, body.size));
    free(body.at);
    *ret_size = mail.size;
    return mail.at;
}

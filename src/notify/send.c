/* One try to carry something out: by HTTP or SMTP, bounded in time and bytes, without following
 * anything. */
#include "notify/room.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS 5000L
#define PASSWORD_MAX 512
#define NOT_INNER                                                                                  \
    "it is an address of this machine or its link, which is not allowed (notify.inner)"

/* ---- addresses ---------------------------------------------------------------------------------
 */
/* Where clouds tell a machine its keys, outside of the link's own addresses: Alibaba's, Oracle's.
 */
static bool ipv4_is_cloud(const uint8_t *at)
{
    static const uint8_t clouds[][4] = {{100, 100, 100, 200}, {192, 0, 0, 192}};
    for (size_t i = 0; i < ARRAY_COUNT(clouds); i++)
        if (memcmp(at, clouds[i], sizeof clouds[i]) == 0)
            return true;
    return false;
}

static bool ipv4_is_inner(const uint8_t *at)
{
    return at[0] == 127 || at[0] == 0 || (at[0] == 169 && at[1] == 254) || at[0] >= 224 ||
           ipv4_is_cloud(at);
}

/* The same in IPv6: Amazon's, Google's. */
static bool ipv6_is_cloud(const uint8_t *at)
{
    static const uint8_t clouds[][16] = {
        {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54},
        {0xfd, 0x20, 0x00, 0xce, [14] = 0x02, [15] = 0x54},
    };
    for (size_t i = 0; i < ARRAY_COUNT(clouds); i++)
        if (memcmp(at, clouds[i], sizeof clouds[i]) == 0)
            return true;
    return false;
}

/* Of this machine, or of what only its own link reaches (a cloud's keys among it). */
static bool address_is_inner(const struct curl_sockaddr *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t translated[12] = {0, 0x64, 0xff, 0x9b}; /* NAT64, RFC 6052 */
    static const uint8_t zeros[15];
    if (address->family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&address->addr;
        return ipv4_is_inner((const uint8_t *)&v4->sin_addr);
    }
    if (address->family != AF_INET6)
        return true;
    const struct sockaddr_in6 *v6 = (const void *)&address->addr;
    const uint8_t *at = v6->sin6_addr.s6_addr;
    if (memcmp(at, mapped, sizeof mapped) == 0 || memcmp(at, translated, sizeof translated) == 0)
        return ipv4_is_inner(at + sizeof mapped);
    return (memcmp(at, zeros, sizeof zeros) == 0 && at[15] <= 1) ||
           (at[0] == 0xfe && (at[1] & 0xc0) == 0x80) || at[0] == 0xff || ipv6_is_cloud(at);
}

/* The address that was found, not the name that was asked for: names can mean anything. */
static curl_socket_t send_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct send_try *send = arg;
    (void)purpose;
    if (!send->inner && address_is_inner(address)) {
        send->was_inner = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- what both have in common ------------------------------------------------------------------
 */
static int send_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                         curl_off_t up)
{
    const struct send_try *send = arg;
    (void)down_all, (void)up_all, (void)up;
    return atomic_load(send->stop) || (size_t)down > NOTIFY_ANSWER_MAX;
}

static size_t send_ignore(char *at, size_t one, size_t count, void *arg)
{
    (void)at, (void)arg;
    return one * count;
}

static void set_up(struct send_try *send, CURL *curl, const char *protocols)
{
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (send->ca[0] != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, send->ca);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(send->time_ns / NS_PER_MS));
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, send_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, send);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, send_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, send);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, send_ignore);
}

static void send_said(struct send_try *send, enum notice_result result, const char *detail)
{
    send->result = result;
    snprintf(send->detail, sizeof send->detail, "%s", detail);
}

/* ---- webhooks ----------------------------------------------------------------------------------
 */
/* NULL: no memory, and the list is gone. */
static struct curl_slist *header_add(struct curl_slist *headers, const char *name,
                                     const char *value)
{
    char line[256];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(headers, line);
    if (longer == NULL)
        curl_slist_free_all(headers);
    return longer;
}

static struct curl_slist *webhook_headers(const struct send_try *send)
{
    char timestamp[24];
    snprintf(timestamp, sizeof timestamp, "%" PRId64, send->timestamp_s);
    struct curl_slist *headers = header_add(NULL, "Content-Type", "application/json");
    if (headers != NULL)
        headers = header_add(headers, "Expect", "");
    if (headers != NULL)
        headers = header_add(headers, "webhook-id", send->identity);
    if (headers != NULL)
        headers = header_add(headers, "webhook-timestamp", timestamp);
    return headers != NULL && send->signature[0] != '\0'
               ? header_add(headers, "webhook-signature", send->signature)
               : headers;
}

static void webhook_judge(struct send_try *send, long status)
{
    char text[64];
    bool refused =
        status == 400 || status == 410 || status == 413 || status == 415 || status == 422;
    snprintf(text, sizeof text, "it answered %ld%s", status,
             status >= 300 && status < 400 ? ": redirections are not followed" : "");
    if (status >= 200 && status < 300)
        send_said(send, NOTICE_SENT, "");
    else
        send_said(send, refused ? NOTICE_REFUSED : NOTICE_FAILED, text);
}

static void webhook_run(struct send_try *send, CURL *curl, char *error)
{
    struct curl_slist *headers = webhook_headers(send);
    long status = 0;
    if (headers == NULL) {
        send_said(send, NOTICE_FAILED, "there is no memory");
        return;
    }
    set_up(send, curl, "http,https");
    curl_easy_setopt(curl, CURLOPT_URL, send->target);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mainstem/" MAINSTEM_VERSION);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, send->content);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)send->size);
    CURLcode code = curl_easy_perform(curl);
    /* What answered and went on for too long has answered. */
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    bool answered = code == CURLE_OK || (code == CURLE_ABORTED_BY_CALLBACK && status >= 200 &&
                                         !atomic_load(send->stop));
    if (answered)
        webhook_judge(send, status);
    else
        send_said(send, NOTICE_FAILED,
                  send->was_inner    ? NOT_INNER
                  : error[0] != '\0' ? error
                                     : curl_easy_strerror(code));
    curl_slist_free_all(headers);
}

/* ---- mail --------------------------------------------------------------------------------------
 */
static size_t mail_read(char *at, size_t one, size_t count, void *arg)
{
    struct send_try *send = arg;
    size_t room = one * count, left = send->size - send->sent;
    size_t size = left < room ? left : room;
    memcpy(at, send->content + send->sent, size);
    send->sent += size;
    return size;
}

/* The first line of the file; false: it cannot be read. */
static bool password_read(const char *path, char password[PASSWORD_MAX + 1])
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, password, PASSWORD_MAX);
    if (file >= 0)
        close(file);
    if (size < 0)
        return false;
    password[size] = '\0';
    password[strcspn(password, "\r\n")] = '\0';
    return true;
}

static void mail_judge(struct send_try *send, CURL *curl, CURLcode code, const char *error)
{
    char text[SEND_DETAIL_SIZE];
    long reply = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
    snprintf(text, sizeof text, "%s", error[0] != '\0' ? error : curl_easy_strerror(code));
    if (code == CURLE_OK)
        send_said(send, NOTICE_SENT, "");
    else /* 550 to 554: the receiver, or the message, is refused for good (RFC 5321, 4.2.1) */
        send_said(send, reply >= 550 && reply <= 554 ? NOTICE_REFUSED : NOTICE_FAILED, text);
}

/* With "none" no password is sent: anybody on the way could read it. */
static void mail_secure(const struct send_try *send, CURL *curl, char *password)
{
    bool open = strcmp(send->security, "none") == 0;
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(open ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (open || send->user[0] == '\0')
        return;
    curl_easy_setopt(curl, CURLOPT_USERNAME, send->user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
}

static void mail_run(struct send_try *send, CURL *curl, char *error)
{
    char url[300], from[260], password[PASSWORD_MAX + 1] = "";
    struct curl_slist *receivers = curl_slist_append(NULL, send->target);
    send->inner = true; /* whoever runs the server names it */
    snprintf(url, sizeof url, "%s://%s", strcmp(send->security, "tls") == 0 ? "smtps" : "smtp",
             send->server);
    snprintf(from, sizeof from, "<%s>", send->from);
    if (receivers == NULL) {
        send_said(send, NOTICE_FAILED, "there is no memory");
    } else if (send->server[0] == '\0' || send->from[0] == '\0') {
        send_said(send, NOTICE_FAILED,
                  "there is no mail server: notify.smtp_server and notify.smtp_from");
    } else if (send->password_file[0] != '\0' && !password_read(send->password_file, password)) {
        send_said(send, NOTICE_FAILED, "the file notify.smtp_password_file cannot be read");
    } else {
        set_up(send, curl, "smtp,smtps");
        mail_secure(send, curl, password);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, receivers);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, mail_read);
        curl_easy_setopt(curl, CURLOPT_READDATA, send);
        send->sent = 0;
        mail_judge(send, curl, curl_easy_perform(curl), error);
    }
    secret_wipe(password, sizeof password);
    curl_slist_free_all(receivers);
}

void send_run(struct send_try *send)
{
    char error[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    if (curl == NULL) {
        send_said(send, NOTICE_FAILED, "there is no memory");
        return;
    }
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    if (send->kind == CHANNEL_MAIL)
        mail_run(send, curl, error);
    else
        webhook_run(send, curl, error);
    curl_easy_cleanup(curl);
}

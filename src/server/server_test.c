/* The whole server as a child process on a folder of its own, spoken to byte by byte. Limits are
 * set low so that both their sides can be reached. The hex strings are packets as the standards
 * draw them; ".." in what is expected is any byte, "*" the rest of the packet, "end" the closed
 * socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "os/os.h"
#include "server/server.h"

#include <jansson.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], address[64], http_address[64];
static pid_t child;
static FILE *child_log; /* what the child says */

static char wish_mqtt[64] = "127.0.0.1:0", wish_http[64] = "127.0.0.1:0";

/* ---- the child
 * ----------------------------------------------------------------------------------- */
static void small_settings(struct settings *settings)
{
    settings_default(settings);
    snprintf(settings->data, sizeof settings->data, "%s", folder);
    snprintf(settings->mqtt, sizeof settings->mqtt, "%s", wish_mqtt);
    snprintf(settings->http, sizeof settings->http, "%s", wish_http);
    settings->http_connections = 3;
    settings->mqtt_receive = 4;
    settings->mqtt_packet = 1024;
    settings->mqtt_alias = 2;
    settings->mqtt_connections = 6;
    settings->mqtt_connect_time = NS_PER_S / 2;
    settings->mqtt_keep_alive = 60;
    settings->log_rate = 0;
}

static enum err reload(void *arg, struct settings *ret_settings, char *fault)
{
    (void)arg, (void)fault;
    small_settings(ret_settings);
    ret_settings->mqtt_packet = 2048;
    snprintf(ret_settings->http, sizeof ret_settings->http, "127.0.0.1:9");
    return OK;
}

static pid_t start_child(int *ret_log)
{
    int log[2];
    struct server_config config = {.reload = reload};
    assert_int_equal(pipe(log), 0);
    small_settings(&config.settings);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(log[1], STDERR_FILENO);
        close(log[0]);
        exit(server_run(&config));
    }
    close(log[1]);
    *ret_log = log[0];
    return pid;
}

/* Reads the child's log until a line holds `text`; returns that line. */
static const char *wait_log(const char *text)
{
    static char line[4096];
    while (fgets(line, sizeof line, child_log))
        if (strstr(line, text))
            return line;
    fail_msg("the server's log ended without \"%s\"", text);
    return NULL;
}

static void server_up(void)
{
    int log;
    child = start_child(&log);
    child_log = fdopen(log, "r");
    const char *line = strstr(wait_log("ready"), "mqtt ");
    assert_non_null(line);
    assert_int_equal(sscanf(line, "mqtt %63[^,], http %63[^,]", address, http_address), 2);
}

static int server_down(int signal_number)
{
    int status;
    kill(child, signal_number);
    while (child_log && fgetc(child_log) != EOF)
        continue;
    fclose(child_log);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mainstem-server-XXXXXX");
    assert_non_null(mkdtemp(folder));
    server_up();
    return 0;
}

static int teardown(void **state)
{
    char command[128];
    (void)state;
    assert_int_equal(server_down(SIGTERM), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* ---- bytes
 * --------------------------------------------------------------------------------------- */
static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void say(int fd, const char *hex)
{
    uint8_t bytes[4096];
    size_t size = 0;
    for (const char *at = hex; *at; at++) {
        if (*at == ' ')
            continue;
        assert_true(digit(at[0]) >= 0 && digit(at[1]) >= 0 && size < sizeof bytes);
        bytes[size++] = (uint8_t)(digit(at[0]) << 4 | digit(at[1]));
        at++;
    }
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* One byte, or -1 when the socket is closed. */
static int hear_byte(int fd)
{
    uint8_t byte;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, 20000) != 1)
        fail_msg("nothing came for 20 s");
    return recv(fd, &byte, 1, 0) == 1 ? byte : -1;
}

/* What is left of the packet under way after this byte; lengths are below 128. */
static int packet_left(int left, bool *is_length, int byte)
{
    if (*is_length) {
        *is_length = false;
        return byte;
    }
    *is_length = left == 0;
    return left > 0 ? left - 1 : 0;
}

static void hear(int fd, const char *what, const char *pattern)
{
    int left = 0;
    bool is_length = false;
    for (const char *at = pattern; *at;) {
        if (*at == ' ') {
            at++;
        } else if (strncmp(at, "end", 3) == 0) {
            if (hear_byte(fd) != -1)
                fail_msg("%s: the connection is not closed", what);
            at += 3;
        } else if (*at == '*') {
            for (; left > 0; left--)
                assert_true(hear_byte(fd) >= 0);
            at++;
        } else {
            int byte = hear_byte(fd);
            if (byte < 0 || (*at != '.' && byte != (digit(at[0]) << 4 | digit(at[1]))))
                fail_msg("%s: heard %d where \"%s\" is expected", what, byte, at);
            left = packet_left(left, &is_length, byte);
            at += 2;
        }
    }
}

static int dial(void)
{
    int fd;
    assert_int_equal(os_connect(address, &fd), OK);
    return fd;
}

/* "MQTT" level flags keep-alive; client ids are one letter. */
#define CONNECT_3(id) "10 0d 0004 4d515454 04 02 003c 0001 " id
#define CONNECT_5(id) "10 0e 0004 4d515454 05 02 003c 00 0001 " id
#define ACCEPT_3 "20 02 00 00"

static int open_3(const char *connect)
{
    int fd = dial();
    say(fd, connect);
    hear(fd, "CONNACK", ACCEPT_3);
    return fd;
}

/* CONNACK of MQTT 5, whole: what is offered. */
#define ACCEPT_5 "20 0e 00 00 0b 21 0004 22 0002 27 00000400"

static int open_5(const char *connect)
{
    int fd = dial();
    say(fd, connect);
    hear(fd, "CONNACK", ACCEPT_5);
    return fd;
}

/* ---- one exchange a line
 * ------------------------------------------------------------------------- */
struct exchange {
    const char *what;
    int version; /* 0: nothing was said before; 4, 5: connected */
    const char *say, *hear;
};
static const struct exchange exchanges[] = {
    {"PUBLISH first", 0, "30 04 0001 61 31", "end"},
    {"MQTT 3.1", 0, "10 0f 0006 4d5149736470 03 02 003c 0001 61", ACCEPT_3},
    {"protocol 2", 0, "10 0d 0004 4d515454 02 02 003c 0001 61", "20 02 00 01 end"},
    {"protocol 6", 0, "10 0e 0004 4d515454 06 02 003c 00 0001 61", "20 .. * end"},
    {"empty id, kept session", 0, "10 0c 0004 4d515454 04 00 003c 0000", "20 02 00 02 end"},
    {"empty id, clean session", 0, "10 0c 0004 4d515454 04 02 003c 0000", ACCEPT_3},
    {"authentication method", 0, "10 12 0004 4d515454 05 02 003c 04 15 0001 61 0001 61",
     "20 .. 00 8c"},
    {"retained will", 0, "10 15 0004 4d515454 05 26 003c 00 0001 61 00 0001 61 0001 31", ACCEPT_5},
    {"will of QoS 2", 0, "10 15 0004 4d515454 05 16 003c 00 0001 61 00 0001 61 0001 31", ACCEPT_5},
    {"half a CONNECT", 0, "10 0d 0004 4d51", "end"}, /* after mqtt.connect_time */
    {"keep-alive 61", 0, "10 0e 0004 4d515454 05 02 003d 00 0001 61",
     "20 11 00 00 0e 13 003c 21 0004 22 0002 27 00000400"},
    {"a client that takes 4 bytes", 0, "10 13 0004 4d515454 05 02 003c 05 27 00000004 0001 61",
     "end"},
    {"ping", 4, "c0 00 c0 00", "d0 00 d0 00"},
    {"QoS 1", 4, "32 06 0001 61 0007 31", "40 02 0007"},
    {"QoS 1 of MQTT 5", 5, "32 07 0001 61 0007 00 31", "40 02 0007"},
    {"QoS 0, then goodbye", 4, "30 04 0001 61 31 e0 00", "end"},
    {"no reading", 4, "32 09 0001 61 0007 7b7b7b7b", "40 02 0007"},
    {"no reading, MQTT 5", 5, "32 0a 0001 61 0007 00 7b7b7b7b", "40 03 0007 10"},
    {"a $ topic", 5, "32 08 0002 2461 0007 00 31", "40 03 0007 10"},
    {"QoS 2", 4, "34 06 0001 61 0007 31 62 02 0007", "50 02 0007 70 02 0007"},
    {"QoS 2, MQTT 5", 5, "34 07 0001 61 0007 00 31 62 02 0007", "50 02 0007 70 02 0007"},
    {"QoS 3", 5, "36 07 0001 61 0007 00 31", "e0 .. 81"},
    {"retain", 4, "33 06 0001 72 0007 31", "40 02 0007"},
    {"retain, MQTT 5", 5, "33 07 0001 72 0007 00 31", "40 02 0007"},
    {"receive maximum", 5,
     "32 07 0001 61 0001 00 31 32 07 0001 61 0002 00 31 32 07 0001 61 0003 00 31 "
     "32 07 0001 61 0004 00 31",
     "40 02 0001 40 02 0002 40 02 0003 40 02 0004"},
    {"over the receive maximum", 5,
     "32 07 0001 61 0001 00 31 32 07 0001 61 0002 00 31 32 07 0001 61 0003 00 31 "
     "32 07 0001 61 0004 00 31 32 07 0001 61 0005 00 31",
     "e0 .. 93"},
    {"over it with MQTT 3: held, not lost", 4,
     "32 06 0001 61 0001 31 32 06 0001 61 0002 31 32 06 0001 61 0003 31 32 06 0001 61 0004 31 "
     "32 06 0001 61 0005 31 32 06 0001 61 0006 31",
     "40 02 0001 40 02 0002 40 02 0003 40 02 0004 40 02 0005 40 02 0006"},
    {"packet of 1025 bytes", 5, "30 fe 07", "e0 .. 95"},
    {"packet of 1025 bytes", 4, "30 fe 07", "end"},
    {"alias", 5, "32 0a 0001 61 0007 03 23 0002 31 32 09 0000 0008 03 23 0002 31",
     "40 02 0007 40 02 0008"},
    {"alias over the maximum", 5, "32 0a 0001 61 0007 03 23 0003 31", "e0 .. 94"},
    {"alias never set", 5, "32 09 0000 0008 03 23 0001 31", "e0 .. 82"},
    {"second CONNECT", 5, CONNECT_5("6b"), "e0 .. 82"},
    {"SUBSCRIBE", 4, "82 0a 0005 0001 61 01 0001 62 00", "90 04 0005 01 00"},
    {"SUBSCRIBE, MQTT 5", 5, "82 07 0005 00 0001 61 01", "90 04 0005 00 01"},
    {"UNSUBSCRIBE", 4, "a2 05 0005 0001 61", "b0 02 0005"},
    {"UNSUBSCRIBE, MQTT 5", 5, "a2 06 0005 00 0001 61", "b0 04 0005 00 11"},
    {"SUBSCRIBE with nothing", 5, "82 03 0005 00", "e0 .. .."},
    {"PUBREL of nothing", 5, "62 02 0009", "70 .. 0009 92"},
    {"PUBREC of nothing", 5, "50 02 0009", "62 .. 0009 92"},
    {"AUTH", 5, "f0 00", "e0 .. 82"},
    {"CONNACK from a client", 4, "20 02 00 00", "end"},
    {"length of five bytes", 5, "30 ff ff ff ff 01", "e0 .. 81"},
};

static void test_exchanges(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(exchanges); i++) {
        const struct exchange *exchange = &exchanges[i];
        int fd = exchange->version == 5   ? open_5(CONNECT_5("6b"))
                 : exchange->version == 4 ? open_3(CONNECT_3("6b"))
                                          : dial();
        say(fd, exchange->say);
        hear(fd, exchange->what, exchange->hear);
        close(fd);
    }
}

static void test_same_client_id_takes_over(void **state)
{
    (void)state;
    int first = open_5(CONNECT_5("74"));
    int second = open_3(CONNECT_3("74"));
    hear(first, "taken over", "e0 .. 8e");
    int third = open_5(CONNECT_5("74"));
    hear(second, "taken over, MQTT 3", "end");
    close(first), close(second), close(third);
}

static void test_connections_at_both_sides(void **state)
{
    (void)state;
    int fds[6];
    static const char *const connects[6] = {CONNECT_3("31"), CONNECT_3("32"), CONNECT_3("33"),
                                            CONNECT_3("34"), CONNECT_3("35"), CONNECT_3("36")};
    for (size_t i = 0; i < 6; i++)
        fds[i] = open_3(connects[i]);
    int over = dial();
    hear(over, "a seventh", "end");
    close(over);
    for (size_t i = 0; i < 6; i++) {
        say(fds[i], "c0 00");
        hear(fds[i], "the six", "d0 00");
        close(fds[i]);
    }
}

/* ---- HTTP
 * ----------------------------------------------------------------------------------------- */
static int dial_http(void)
{
    int fd;
    assert_int_equal(os_connect(http_address, &fd), OK);
    return fd;
}

static void request(int fd, const char *path)
{
    char text[256];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, http_address);
    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
}

/* The head of the answer must begin and end so; its body is the rest of the segment. */
static void hear_answer(int fd, const char *begins, const char *holds)
{
    char text[65536];
    size_t size = 0;
    do {
        int byte = hear_byte(fd);
        assert_true(byte >= 0 && size + 1 < sizeof text);
        text[size++] = (char)byte;
        text[size] = '\0';
    } while (!strstr(text, holds));
    if (strncmp(text, begins, strlen(begins)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", text, begins);
}

static void test_http_beside_mqtt(void **state)
{
    (void)state;
    int fd = dial_http();
    request(fd, "/healthz");
    hear_answer(fd, "HTTP/1.1 200", "}");
    request(fd, "/v1/nothing");
    hear_answer(fd, "HTTP/1.1 404", "\"code\"");
    close(fd);
}

/* At both sides of http.connections; MQTT has a limit of its own. */
static void test_http_connections_at_both_sides(void **state)
{
    (void)state;
    int fds[3];
    for (size_t i = 0; i < 3; i++) {
        fds[i] = dial_http();
        request(fds[i], "/healthz");
        hear_answer(fds[i], "HTTP/1.1 200", "}");
    }
    int over = dial_http();
    assert_int_equal(hear_byte(over), -1);
    close(over);
    int mqtt = open_3(CONNECT_3("31"));
    request(fds[2], "/healthz");
    hear_answer(fds[2], "HTTP/1.1 200", "}");
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
    close(mqtt);
}

static char *end_of_child(pid_t pid, int log, int *ret_status)
{
    static char text[8192];
    FILE *stream = fdopen(log, "r");
    assert_non_null(stream);
    size_t size = fread(text, 1, sizeof text - 1, stream);
    text[size] = '\0';
    fclose(stream);
    assert_int_equal(waitpid(pid, ret_status, 0), pid);
    return text;
}

static void test_taken_port_is_told_by_its_door(void **state)
{
    (void)state;
    char kept[64], command[128];
    int log, status;
    memcpy(kept, folder, sizeof kept);
    snprintf(folder, sizeof folder, "/tmp/mainstem-server-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(wish_http, sizeof wish_http, "%s", http_address);
    pid_t pid = start_child(&log);
    assert_non_null(strstr(end_of_child(pid, log, &status), "HTTP cannot listen on"));
    assert_int_equal(WEXITSTATUS(status), 1);
    snprintf(wish_http, sizeof wish_http, "127.0.0.1:0");
    snprintf(wish_mqtt, sizeof wish_mqtt, "%s", address);
    pid = start_child(&log);
    assert_non_null(strstr(end_of_child(pid, log, &status), "MQTT cannot listen on"));
    assert_int_equal(WEXITSTATUS(status), 1);
    snprintf(wish_mqtt, sizeof wish_mqtt, "127.0.0.1:0");
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    memcpy(folder, kept, sizeof folder);
}

/* ---- the control door
 * ---------------------------------------------------------------------------- */
static json_t *ask(const char *question)
{
    char path[128];
    int fd;
    snprintf(path, sizeof path, "%s/%s", folder, SERVER_CONTROL_NAME);
    assert_int_equal(os_connect_unix(path, &fd), OK);
    char line[65536];
    size_t size = 0;
    assert_int_equal(send(fd, question, strlen(question), MSG_NOSIGNAL), (ssize_t)strlen(question));
    assert_int_equal(send(fd, "\n", 1, MSG_NOSIGNAL), 1);
    while (size < sizeof line) {
        int byte = hear_byte(fd);
        assert_true(byte > 0);
        if (byte == '\n')
            break;
        line[size++] = (char)byte;
    }
    close(fd);
    json_t *answer = json_loadb(line, size, 0, NULL);
    if (!answer)
        fail_msg("%s: no JSON came back: %.*s", question, (int)size, line);
    return answer;
}

/* The text of a point's value, "" when there is no such point. */
static const char *value_of(const char *path)
{
    static char text[64];
    char question[128];
    snprintf(question, sizeof question, "{\"ask\":\"point\",\"path\":\"%s\"}", path);
    json_t *answer = ask(question);
    const char *found =
        json_string_value(json_object_get(json_object_get(answer, "point"), "text"));
    snprintf(text, sizeof text, "%s", found ? found : "");
    json_decref(answer);
    return text;
}

static void wait_value(const char *path, const char *text)
{
    for (int i = 0; i < 1000 && strcmp(value_of(path), text) != 0; i++)
        usleep(10000);
    assert_string_equal(value_of(path), text);
}

static void test_acknowledged_is_visible(void **state)
{
    (void)state;
    int fd = open_3(CONNECT_3("76"));
    say(fd, "32 07 0001 76 0007 3432");
    hear(fd, "PUBACK", "40 02 0007");
    assert_string_equal(value_of("v"), "42");
    close(fd);
}

/* A will with QoS 1 on topic "w<id>" with payload "7<id>". */
static void test_wills(void **state)
{
    (void)state;
    int fd = open_3("10 15 0004 4d515454 04 0e 003c 0001 41 0002 7741 0002 3731");
    close(fd); /* without DISCONNECT */
    wait_value("wA", "71");
    fd = open_3("10 15 0004 4d515454 04 0e 003c 0001 42 0002 7742 0002 3732");
    say(fd, "e0 00");
    hear(fd, "goodbye", "end");
    close(fd);
    fd = open_5("10 17 0004 4d515454 05 0e 003c 00 0001 43 00 0002 7743 0002 3733");
    say(fd, "e0 01 04"); /* disconnect with will message */
    hear(fd, "goodbye", "end");
    close(fd);
    wait_value("wC", "73");
    assert_string_equal(value_of("wB"), "");
}

static void test_commands_and_questions(void **state)
{
    (void)state;
    json_t *answer = ask("{\"command\":\"create\",\"path\":\"c/one\",\"type\":\"int64\"}");
    assert_string_equal(json_string_value(json_object_get(answer, "outcome")), "done");
    json_decref(answer);
    answer = ask("{\"command\":\"create\",\"path\":\"c/one\",\"type\":\"int64\"}");
    assert_string_equal(json_string_value(json_object_get(answer, "outcome")), "path_taken");
    json_decref(answer);
    answer = ask("{\"ask\":\"points\",\"match\":\"c/#\",\"most\":1}");
    assert_int_equal(json_array_size(json_object_get(answer, "points")), 1);
    json_decref(answer);
    static const char *const wrong[] = {"[]",
                                        "{",
                                        "{\"ask\":\"x\"}",
                                        "{\"ask\":\"point\"}",
                                        "{\"ask\":\"points\",\"most\":0}",
                                        "{\"command\":\"create\",\"path\":\"\"",
                                        "{\"ask\":\"points\",\"match\":3}"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        answer = ask(wrong[i]);
        assert_true(json_is_string(json_object_get(answer, "error")));
        json_decref(answer);
    }
    answer = ask("{\"ask\":\"state\"}");
    assert_true(json_integer_value(json_object_get(json_object_get(answer, "mqtt"), "accepted")) >
                0);
    json_t *disk = json_object_get(answer, "disk"), *parts = json_object_get(answer, "memory");
    assert_true(json_integer_value(json_object_get(disk, "total")) >=
                json_integer_value(json_object_get(disk, "free")));
    assert_true(json_integer_value(json_object_get(disk, "free")) > 0);
    assert_true(json_integer_value(json_object_get(parts, "indexes")) > 0);
    assert_true(json_is_integer(json_object_get(json_object_get(answer, "journal"), "lag_ns")));
    json_decref(answer);
    answer = ask("{\"ask\":\"refused\"}");
    assert_true(json_is_array(json_object_get(answer, "refused")));
    json_decref(answer);
    answer = ask("{\"ask\":\"snapshot\"}");
    assert_true(json_is_string(json_object_get(answer, "snapshot")));
    json_decref(answer);
}

/* ---- the process
 * --------------------------------------------------------------------------------- */
static void test_second_server_is_refused_with_the_pid(void **state)
{
    (void)state;
    char wanted[64];
    int log, status;
    pid_t pid = start_child(&log);
    const char *text = end_of_child(pid, log, &status);
    assert_int_equal(WEXITSTATUS(status), 1);
    snprintf(wanted, sizeof wanted, "in use by the process %d", (int)child);
    if (!strstr(text, wanted))
        fail_msg("\"%s\" does not say \"%s\"", text, wanted);
}

static void test_reload_takes_what_may_change(void **state)
{
    (void)state;
    kill(child, SIGHUP);
    const char *line = wait_log("SIGHUP");
    assert_non_null(strstr(line, "a restart is needed for"));
    assert_non_null(strstr(line, "http"));
    int fd = dial();
    say(fd, CONNECT_5("6b"));
    hear(fd, "the new limit is announced", "20 0e 00 00 0b 21 0004 22 0002 27 00000800");
    close(fd);
}

static void test_stop_answers_says_goodbye_and_keeps_all(void **state)
{
    (void)state;
    int three = open_3("10 15 0004 4d515454 04 0e 003c 0001 41 0002 7744 0002 3734");
    int five = open_5(CONNECT_5("42"));
    say(five, "32 08 0001 6c 0007 00 3939");
    hear(five, "PUBACK", "40 02 0007");
    kill(child, SIGTERM);
    hear(five, "goodbye", "e0 .. 8b");
    hear(three, "goodbye", "end");
    close(three), close(five);
    assert_int_equal(server_down(SIGTERM), 0);
    server_up();
    assert_string_equal(value_of("l"), "99");
    assert_string_equal(value_of("wD"), "74"); /* the will of who was there when it stopped */
}

static void test_killed_server_has_what_it_acknowledged(void **state)
{
    (void)state;
    int fd = open_3(CONNECT_3("6b"));
    say(fd, "32 07 0001 6b 0007 3535");
    hear(fd, "PUBACK", "40 02 0007");
    close(fd);
    assert_true(WIFSIGNALED(server_down(SIGKILL)));
    server_up();
    assert_string_equal(value_of("k"), "55");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_same_client_id_takes_over),
        cmocka_unit_test(test_connections_at_both_sides),
        cmocka_unit_test(test_http_beside_mqtt),
        cmocka_unit_test(test_http_connections_at_both_sides),
        cmocka_unit_test(test_taken_port_is_told_by_its_door),
        cmocka_unit_test(test_acknowledged_is_visible),
        cmocka_unit_test(test_wills),
        cmocka_unit_test(test_commands_and_questions),
        cmocka_unit_test(test_second_server_is_refused_with_the_pid),
        cmocka_unit_test(test_stop_answers_says_goodbye_and_keeps_all),
        cmocka_unit_test(test_reload_takes_what_may_change),
        cmocka_unit_test(test_killed_server_has_what_it_acknowledged),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

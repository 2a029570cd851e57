/* A hostile client: its bytes come to a server's session in pieces of lengths that it chooses, at
 * first, or (first byte odd) behind an honest handshake's first words, or (bit 2) behind a whole
 * handshake in which they change what an honest client says.
 *
 * What must hold: nothing is taken for open that did not make a handshake, what was broken stays
 * broken, and nothing is written beyond its room. */
#include "tls/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM ((size_t)256 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_house *house;
static struct tls_trust *trust;

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    check(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void prepare(void)
{
    static const char *const name[] = {"localhost"};
    char folder[] = "/tmp/mainstem-tls-fuzz-XXXXXX", fault[TLS_FAULT_SIZE], *certificate, *key;
    struct tls_files files = {.only_13 = false};
    struct tls_set *set;
    check(mkdtemp(folder) != NULL);
    check(tls_certificate_make(name, 1, 30, &certificate, &key, fault) == OK);
    snprintf(files.certificate, sizeof files.certificate, "%s/a.crt", folder);
    snprintf(files.key, sizeof files.key, "%s/a.key", folder);
    snprintf(files.client_ca, sizeof files.client_ca, "%s/a.crt", folder);
    put_file(files.certificate, certificate);
    put_file(files.key, key);
    check(tls_set_load(&files, &set, fault) == OK);
    check(tls_house_create(set, &house) == OK);
    struct tls_trust_config config = {
        .certificate = files.certificate, .key = files.key, .insecure = true};
    check(tls_trust_create(&config, &trust, fault) == OK);
    remove(files.certificate);
    remove(files.key);
    remove(folder);
    free(certificate);
    free(key);
}

struct end {
    struct tls_session *session;
    struct tls_output out;
    uint8_t *plain;
    size_t plain_size;
};

static void end_take(struct end *end, struct bytes bytes)
{
    size_t size;
    enum tls_fault before = tls_session_fault(end->session);
    enum tls_taken taken =
        tls_session_take(end->session, bytes, end->plain, ROOM, &size, &end->out);
    check(size <= bytes.size + TLS_RECORD_MAX && end->out.size <= end->out.room);
    check(before == TLS_FAULT_NONE || taken == TLS_BROKEN);
    check((taken == TLS_BROKEN) == (tls_session_fault(end->session) != TLS_FAULT_NONE));
    check(size == 0 || tls_session_is_open(end->session));
    end->plain_size += size;
}

/* Whatever comes, in pieces of 1 to 4,096 bytes. */
static void feed(struct end *end, const uint8_t *data, size_t size)
{
    while (size >= 2) {
        size_t piece = 1 + (size_t)(data[0] | data[1] << 8) % 4096;
        data += 2;
        size -= 2;
        piece = piece < size ? piece : size;
        end->out.size = 0;
        end_take(end, bytes_of(data, piece));
        data += piece;
        size -= piece;
    }
}

/* One side's words to the other, with the data laid over them where it is not zero. */
static void pass(struct end *from, struct end *to, const uint8_t **data, size_t *size, bool spoil)
{
    uint8_t *wire = malloc(from->out.size + 1);
    size_t count = from->out.size;
    memcpy(wire, from->out.at, count);
    for (size_t i = 0; spoil && i<count && * size> 0; i++, (*data)++, (*size)--)
        wire[i] ^= **data;
    from->out.size = 0;
    to->out.size = 0;
    end_take(to, bytes_of(wire, count));
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t *rooms[4];
    if (house == NULL) {
        prepare();
        for (size_t i = 0; i < ARRAY_COUNT(rooms); i++)
            rooms[i] = malloc(ROOM);
    }
    if (size < 1)
        return 0;
    uint8_t how = *data++;
    size--;
    struct end server = {.plain = rooms[0], .out = {.at = rooms[1], .room = ROOM}};
    struct end client = {.plain = rooms[2], .out = {.at = rooms[3], .room = ROOM}};
    check(tls_session_create(house, "mqtt", &server.session) == OK);
    check(tls_session_connect(trust, "localhost", NULL, NULL, &client.session) == OK);
    if (how & 8)
        SSL_set_max_proto_version(client.session->ssl, TLS1_2_VERSION);
    if (how & 3) {
        end_take(&client, bytes_of(NULL, 0));
        pass(&client, &server, &data, &size, (how & 2) != 0);
    }
    for (int i = 0; how & 2 && i < 4; i++) {
        pass(&server, &client, &data, &size, (how & 4) != 0);
        pass(&client, &server, &data, &size, true);
    }
    feed(&server, data, size);
    server.out.size = 0;
    tls_session_close(server.session, &server.out);
    tls_session_destroy(server.session);
    tls_session_destroy(client.session);
    return 0;
}

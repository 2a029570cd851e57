/* Sessions in memory: what goes through, what is refused and with which words, resumption. */
#include "tls/house.h"
#include "tls/test_pair.h"

#include <openssl/err.h>

static struct tls_house *house;
static struct tls_trust *trust;

static int setup(void **state)
{
    (void)state;
    if (folder_make(state) != 0)
        return 1;
    struct identity ca = identity_of(NULL, "test authority", NULL);
    identity_put(&ca, "ca");
    identity_write(&ca, "server", "server", "DNS:localhost,IP:127.0.0.1");
    identity_write(&ca, "device", "press-7", "");
    identity_write(NULL, "stranger", "press-8", "");
    struct identity old = identity_make(EVP_EC_gen("P-256"), &ca, "press-9", "", -30, -1);
    identity_put(&old, "old");
    identity_free(&old);
    identity_free(&ca);
    struct tls_files files = files_named("server", NULL, NULL);
    house = house_of(&files);
    trust = trust_of("ca.crt", NULL);
    return 0;
}

static int teardown(void **state)
{
    tls_house_destroy(house);
    tls_trust_destroy(trust);
    return folder_drop(state);
}

static void talk(struct pair *pair)
{
    side_put(&pair->client, "ping", 4);
    pair_run(pair);
    side_put(&pair->server, "pong", 4);
    pair_run(pair);
    assert_int_equal(pair->server.plain_size, 4);
    assert_memory_equal(pair->server.plain, "ping", 4);
    assert_int_equal(pair->client.plain_size, 4);
    assert_memory_equal(pair->client.plain, "pong", 4);
}

static void limit_version(struct tls_session *session, int least, int most)
{
    SSL_set_min_proto_version(session->ssl, least);
    SSL_set_max_proto_version(session->ssl, most);
}

/* ---- what goes through ---- */
static void test_both_versions_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const char *const words[] = {"TLSv1.2", "TLSv1.3"};
    static const size_t pieces[] = {0, 1, 2, 3, 5, 7, 100};
    for (size_t v = 0; v < ARRAY_COUNT(versions); v++)
        for (size_t p = 0; p < ARRAY_COUNT(pieces); p++) {
            struct pair pair;
            pair_open(&pair, house, trust, "localhost", "mqtt", NULL);
            limit_version(pair.client.session, versions[v], versions[v]);
            pair.piece = pieces[p];
            pair_run(&pair);
            assert_open(&pair);
            assert_string_equal(tls_session_version(pair.server.session), words[v]);
            assert_string_equal(tls_session_name(pair.server.session), "localhost");
            assert_string_equal(tls_session_protocol(pair.server.session), "mqtt");
            assert_non_null(strstr(tls_session_suite(pair.server.session), "GCM"));
            assert_null(tls_session_peer(pair.server.session));
            talk(&pair);
            pair_close(&pair);
        }
}

/* The handshake cut at each byte into two pieces. */
static void test_a_handshake_cut_anywhere(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, house, trust, "localhost", NULL, NULL);
    side_take(&pair.client, bytes_of(NULL, 0));
    size_t hello = pair.client.sealed_size;
    pair_close(&pair);
    for (size_t cut = 1; cut < hello; cut++) {
        pair_open(&pair, house, trust, "localhost", NULL, NULL);
        side_take(&pair.client, bytes_of(NULL, 0));
        pair.client.sealed_size = 0;
        uint8_t *bytes = malloc(WIRE_BYTES);
        memcpy(bytes, pair.client.sealed, hello);
        side_take(&pair.server, bytes_of(bytes, cut));
        assert_int_equal(pair.server.taken, TLS_MORE);
        assert_int_equal(pair.server.sealed_size, 0);
        side_take(&pair.server, bytes_of(bytes + cut, hello - cut));
        free(bytes);
        pair_run(&pair);
        assert_open(&pair);
        pair_close(&pair);
    }
}

static void test_long_texts_in_the_largest_pieces(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, house, trust, "127.0.0.1", NULL, NULL);
    pair_run(&pair);
    assert_open(&pair);
    uint8_t *text = malloc(TLS_PUT_MAX);
    for (size_t i = 0; i < TLS_PUT_MAX; i++)
        text[i] = (uint8_t)(i * 31 + i / 251);
    for (int i = 0; i < 10; i++)
        side_put(&pair.client, text, TLS_PUT_MAX);
    pair.piece = TLS_PUT_MAX - TLS_RECORD_MAX;
    pair_run(&pair);
    assert_int_equal(pair.server.plain_size, 10 * TLS_PUT_MAX);
    for (size_t i = 0; i < 10; i++)
        assert_memory_equal(pair.server.plain + i * TLS_PUT_MAX, text, TLS_PUT_MAX);
    free(text);
    pair_close(&pair);
}

/* The rooms that tls.h asks for are enough for the most there can be. */
static void test_the_rooms_hold_what_they_must(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, house, trust, "localhost", NULL, NULL);
    pair_run(&pair);
    uint8_t *text = calloc(1, TLS_PUT_MAX), *sealed = malloc(TLS_PUT_ROOM);
    struct tls_output output = {.at = sealed, .room = TLS_PUT_ROOM};
    assert_true(tls_session_put(pair.client.session, bytes_of(text, TLS_PUT_MAX), &output));
    assert_true(output.size > TLS_PUT_MAX && output.size <= TLS_PUT_ROOM);
    size_t whole = output.size, size;
    /* All but the last byte: a record is held back; then it comes whole. */
    uint8_t *plain = malloc(whole + TLS_RECORD_MAX), *alert = malloc(TLS_TAKE_ROOM);
    struct tls_output answer = {.at = alert, .room = TLS_TAKE_ROOM};
    assert_int_equal(tls_session_take(pair.server.session, bytes_of(sealed, whole - 1), plain,
                                      whole - 1 + TLS_RECORD_MAX, &size, &answer),
                     TLS_MORE);
    assert_int_equal(size, TLS_PUT_MAX / 16384 * 16384 - 16384);
    assert_int_equal(tls_session_take(pair.server.session, bytes_of(sealed + whole - 1, 1), plain,
                                      1 + TLS_RECORD_MAX, &size, &answer),
                     TLS_MORE);
    assert_int_equal(size, 16384);
    free(text);
    free(sealed);
    free(plain);
    free(alert);
    pair_close(&pair);
}

static void test_the_last_word_of_either_side(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, house, trust, "localhost", NULL, NULL);
    pair_run(&pair);
    side_put(&pair.client, "bye", 3);
    side_close(&pair.client);
    side_close(&pair.client); /* once */
    pair_run(&pair);
    assert_int_equal(pair.server.taken, TLS_CLOSED);
    assert_int_equal(pair.server.plain_size, 3);
    assert_true(tls_session_is_closed(pair.server.session));
    side_put(&pair.server, "good-bye", 8); /* a half is still open (RFC 8446, 6.1) */
    side_close(&pair.server);
    pair_run(&pair);
    assert_int_equal(pair.client.plain_size, 8);
    assert_int_equal(pair.client.taken, TLS_CLOSED);
    uint8_t room[TLS_PUT_ROOM];
    struct tls_output output = {.at = room, .room = sizeof room};
    assert_false(tls_session_put(pair.server.session, bytes_of("x", 1), &output));
    assert_int_equal(output.size, 0);
    pair_close(&pair);
}

/* ---- what is refused ---- */
static void assert_refused(struct pair *pair, enum tls_fault wanted)
{
    if (tls_session_fault(pair->server.session) != wanted)
        fail_msg("the server says %s (%s), not %s",
                 tls_fault_word(tls_session_fault(pair->server.session)),
                 tls_session_detail(pair->server.session), tls_fault_word(wanted));
    assert_false(tls_session_is_open(pair->server.session));
}

static void take_text(struct side *side, const char *text)
{
    side_take(side, bytes_text(text));
}

static void test_who_speaks_in_clear_is_told_by_name(void **state)
{
    (void)state;
    static const char *const words[] = {"GET / HTTP/1.1\r\n\r\n", "\x10\x0c\x04MQTT", "\x80 old",
                                        "x"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct pair pair;
        pair_open(&pair, house, trust, "localhost", NULL, NULL);
        take_text(&pair.server, words[i]);
        assert_int_equal(pair.server.taken, TLS_BROKEN);
        assert_refused(&pair, TLS_FAULT_PLAIN);
        assert_int_equal(pair.server.sealed_size, 0); /* he would not understand an alert */
        take_text(&pair.server, "more");
        assert_int_equal(pair.server.taken, TLS_BROKEN);
        pair_close(&pair);
    }
}

static void test_garbage_in_records(void **state)
{
    (void)state;
    static const char *const words[] = {"\x16\x03\x01\x01\x01\x01\x01\x01\x01\x01",
                                        "\x16\x03\x03\xff\xff\x01\x01\x01\x01\x01",
                                        "\x15\x03\x01\x01\x02\x02\x28 alert of wrong length"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct pair pair;
        uint8_t bytes[400] = {0};
        memcpy(bytes, words[i], strlen(words[i]));
        pair_open(&pair, house, trust, "localhost", NULL, NULL);
        side_take(&pair.server, bytes_of(bytes, sizeof bytes));
        assert_int_equal(pair.server.taken, TLS_BROKEN);
        assert_true(tls_session_fault(pair.server.session) != TLS_FAULT_PLAIN);
        pair_close(&pair);
    }
}

static void test_old_versions(void **state)
{
    (void)state;
    static const int olds[] = {TLS1_VERSION, TLS1_1_VERSION};
    for (size_t i = 0; i < ARRAY_COUNT(olds); i++) {
        struct pair pair;
        pair_open(&pair, house, trust, "localhost", NULL, NULL);
        SSL_set_security_level(pair.client.session->ssl, 0);
        SSL_clear_options(pair.client.session->ssl, SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1);
        assert_int_equal(SSL_set_cipher_list(pair.client.session->ssl, "ALL:@SECLEVEL=0"), 1);
        limit_version(pair.client.session, olds[i], olds[i]);
        pair_run(&pair);
        assert_refused(&pair, TLS_FAULT_VERSION);
        assert_int_equal(tls_session_fault(pair.client.session), TLS_FAULT_VERSION);
        pair_close(&pair);
    }
}

static void test_the_least_version_can_be_1_3(void **state)
{
    (void)state;
    struct tls_files files = files_named("server", NULL, NULL);
    files.only_13 = true;
    struct tls_house *strict = house_of(&files);
    struct pair pair;
    pair_open(&pair, strict, trust, "localhost", NULL, NULL);
    limit_version(pair.client.session, TLS1_2_VERSION, TLS1_2_VERSION);
    pair_run(&pair);
    assert_refused(&pair, TLS_FAULT_VERSION);
    pair_close(&pair);
    pair_open(&pair, strict, trust, "localhost", NULL, NULL);
    pair_run(&pair);
    assert_open(&pair);
    pair_close(&pair);
    tls_house_destroy(strict);
}

static void test_weak_suites(void **state)
{
    (void)state;
    static const char *const weak[] = {
        "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
        "AES128-GCM-SHA256",      "AES256-SHA",
        "ECDHE-RSA-AES128-SHA",   "DHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-CCM", "ADH-AES128-GCM-SHA256:@SECLEVEL=0"};
    for (size_t i = 0; i < ARRAY_COUNT(weak); i++) {
        struct pair pair;
        pair_open(&pair, house, trust, "localhost", NULL, NULL);
        SSL_set_security_level(pair.client.session->ssl, 0);
        assert_int_equal(SSL_set_cipher_list(pair.client.session->ssl, weak[i]), 1);
        limit_version(pair.client.session, TLS1_2_VERSION, TLS1_2_VERSION);
        pair_run(&pair);
        assert_refused(&pair, TLS_FAULT_SUITE);
        pair_close(&pair);
    }
}

static void test_each_good_suite(void **state)
{
    (void)state;
    static const char *const good[] = {"ECDHE-ECDSA-AES128-GCM-SHA256",
                                       "ECDHE-ECDSA-AES256-GCM-SHA384",
                                       "ECDHE-ECDSA-CHACHA20-POLY1305"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        struct pair pair;
        pair_open(&pair, house, trust, "localhost", NULL, NULL);
        assert_int_equal(SSL_set_cipher_list(pair.client.session->ssl, good[i]), 1);
        limit_version(pair.client.session, TLS1_2_VERSION, TLS1_2_VERSION);
        pair_run(&pair);
        assert_open(&pair);
        assert_string_equal(tls_session_suite(pair.server.session), good[i]);
        pair_close(&pair);
    }
}

static void test_no_renegotiation(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, house, trust, "localhost", NULL, NULL);
    limit_version(pair.client.session, TLS1_2_VERSION, TLS1_2_VERSION);
    SSL_clear_options(pair.client.session->ssl, SSL_OP_NO_RENEGOTIATION);
    pair_run(&pair);
    assert_open(&pair);
    struct tls_output output = {.at = pair.client.sealed, .room = WIRE_BYTES};
    pair.client.session->output = &output;
    assert_int_equal(SSL_renegotiate(pair.client.session->ssl), 1);
    assert_int_equal(SSL_do_handshake(pair.client.session->ssl), -1);
    pair.client.session->output = NULL;
    pair.client.sealed_size = output.size;
    assert_true(output.size > 0);
    pair_run(&pair);
    assert_int_equal(SSL_num_renegotiations(pair.server.session->ssl), 0);
    assert_int_not_equal(pair.client.taken, TLS_MORE); /* it is told no, and gives up */
    pair_close(&pair);
}

static void test_protocols_by_alpn(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, house, trust, "localhost", "http/1.1", NULL);
    pair_run(&pair);
    assert_refused(&pair, TLS_FAULT_PROTOCOL_NAME);
    assert_int_equal(tls_session_fault(pair.client.session), TLS_FAULT_PROTOCOL_NAME);
    pair_close(&pair);
    pair_open(&pair, house, trust, "localhost", NULL, NULL);
    static const uint8_t offer[] = "\x02h2\x04mqtt";
    assert_int_equal(SSL_set_alpn_protos(pair.client.session->ssl, offer, sizeof offer - 1), 0);
    pair_run(&pair);
    assert_open(&pair);
    assert_string_equal(tls_session_protocol(pair.server.session), "mqtt");
    pair_close(&pair);
    pair_open(&pair, house, trust, "localhost", NULL, NULL);
    pair_run(&pair);
    assert_open(&pair);
    assert_string_equal(tls_session_protocol(pair.server.session), "");
    pair_close(&pair);
}

/* A bit that changed on the way is seen, and what came before it is good. */
static void test_changed_records(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, house, trust, "localhost", NULL, NULL);
    pair_run(&pair);
    side_put(&pair.client, "good", 4);
    side_put(&pair.client, "evil", 4);
    pair.client.sealed[pair.client.sealed_size - 1] ^= 1;
    side_deliver(&pair.client, &pair.server, 0);
    assert_int_equal(pair.server.taken, TLS_BROKEN);
    assert_int_equal(pair.server.plain_size, 4);
    assert_int_equal(tls_session_fault(pair.server.session), TLS_FAULT_BYTES);
    assert_true(pair.server.sealed_size > 0); /* an alert */
    side_deliver(&pair.server, &pair.client, 0);
    assert_int_equal(pair.client.taken, TLS_BROKEN);
    pair_close(&pair);
}

/* Garbage of every length in the middle of a handshake. */
static void test_a_handshake_that_turns_to_garbage(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 280; cut += 3) {
        struct pair pair;
        uint8_t bytes[600];
        pair_open(&pair, house, trust, "localhost", NULL, NULL);
        side_take(&pair.client, bytes_of(NULL, 0));
        assert_true(pair.client.sealed_size < sizeof bytes);
        memset(bytes, 0xee, sizeof bytes);
        memcpy(bytes, pair.client.sealed,
               cut < pair.client.sealed_size ? cut : pair.client.sealed_size);
        side_take(&pair.server, bytes_of(bytes, sizeof bytes));
        assert_false(tls_session_is_open(pair.server.session));
        pair_close(&pair);
    }
}

/* ---- whom the client trusts ---- */
static void test_the_client_looks_at_whom_it_talks_to(void **state)
{
    (void)state;
    static const struct {
        const char *ca, *host;
        enum tls_fault fault;
    } cases[] = {
        {"ca.crt", "localhost", TLS_FAULT_NONE},        {"ca.crt", "127.0.0.1", TLS_FAULT_NONE},
        {"ca.crt", "elsewhere", TLS_FAULT_TRUST},       {"ca.crt", "127.0.0.2", TLS_FAULT_TRUST},
        {"stranger.crt", "localhost", TLS_FAULT_TRUST}, {NULL, "elsewhere", TLS_FAULT_NONE},
        {"server.crt", "localhost", TLS_FAULT_NONE}, /* trusted itself */
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct tls_trust *one = trust_of(cases[i].ca, NULL);
        struct pair pair;
        pair_open(&pair, house, one, cases[i].host, NULL, NULL);
        pair_run(&pair);
        assert_int_equal(tls_session_fault(pair.client.session), cases[i].fault);
        if (cases[i].fault == TLS_FAULT_NONE) {
            assert_open(&pair);
            struct tls_certificate certificates[2];
            size_t count;
            tls_session_certificates(pair.client.session, certificates, 2, &count);
            assert_int_equal(count, 1);
            assert_string_equal(certificates[0].names, "localhost, 127.0.0.1");
        } else {
            assert_string_not_equal(tls_session_detail(pair.client.session), "");
            assert_int_equal(tls_session_fault(pair.server.session), TLS_FAULT_TRUST);
        }
        pair_close(&pair);
        tls_trust_destroy(one);
    }
}

/* ---- who the client is ---- */
static void peer_is(const char *own, int version, bool shown, bool verified, const char *name)
{
    struct tls_files files = files_named("server", NULL, "ca.crt");
    struct tls_house *asking = house_of(&files);
    struct tls_trust *one = trust_of("ca.crt", own);
    struct pair pair;
    pair_open(&pair, asking, one, "localhost", NULL, NULL);
    limit_version(pair.client.session, version, version);
    pair_run(&pair);
    assert_open(&pair);
    const struct tls_peer *peer = tls_session_peer(pair.server.session);
    assert_int_equal(peer != NULL, shown);
    struct tls_ticket *ticket = tls_session_ticket(pair.client.session);
    assert_non_null(ticket);
    pair_close(&pair);
    /* Who comes again with a ticket is still who he was. */
    pair_open(&pair, asking, one, "localhost", NULL, ticket);
    limit_version(pair.client.session, version, version);
    pair_run(&pair);
    assert_open(&pair);
    assert_true(tls_session_is_resumed(pair.server.session));
    peer = tls_session_peer(pair.server.session);
    assert_int_equal(peer != NULL, shown);
    if (peer != NULL) {
        uint8_t wanted[TLS_FINGERPRINT_BYTES];
        assert_true(certificate_fingerprint(SSL_get_certificate(pair.client.session->ssl), wanted));
        assert_memory_equal(peer->fingerprint, wanted, sizeof wanted);
        assert_int_equal(peer->verified, verified);
        assert_string_equal(peer->common_name, name);
        assert_int_equal(peer->reason[0] == '\0', verified);
    }
    pair_close(&pair);
    tls_ticket_destroy(ticket);
    tls_trust_destroy(one);
    tls_house_destroy(asking);
}

static void test_certificates_of_clients(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
        peer_is("device", versions[i], true, true, "press-7");
        peer_is("stranger", versions[i], true, false, "press-8");
        peer_is("old", versions[i], true, false, "press-9");
        peer_is(NULL, versions[i], false, false, "");
    }
}

/* A ticket does not make a certificate live longer. */
static void test_who_comes_back_behind_his_certificates_end(void **state)
{
    (void)state;
    char ca_path[TLS_PATH_SIZE], key_path[TLS_PATH_SIZE];
    struct identity ca = {.key = NULL};
    FILE *file = fopen(path_of("ca.crt", ca_path), "re");
    ca.x509 = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    file = fopen(path_of("ca.key", key_path), "re");
    ca.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    struct identity one = identity_of(&ca, "short", "");
    X509_gmtime_adj(X509_getm_notAfter(one.x509), 3);
    assert_true(X509_sign(one.x509, ca.key, EVP_sha256()) > 0);
    identity_put(&one, "short");
    struct tls_files files = files_named("server", NULL, "ca.crt");
    struct tls_house *asking = house_of(&files);
    struct tls_trust *own = trust_of("ca.crt", "short");
    struct tls_ticket *ticket = NULL;
    for (int after = 0; after <= 1; after++) {
        struct pair pair;
        pair_open(&pair, asking, own, "localhost", NULL, ticket);
        pair_run(&pair);
        assert_open(&pair);
        assert_int_equal(tls_session_is_resumed(pair.server.session), after);
        assert_int_equal(tls_session_peer(pair.server.session)->verified, !after);
        if (!after)
            ticket = tls_session_ticket(pair.client.session);
        pair_close(&pair);
        sleep(after ? 0 : 4);
    }
    tls_ticket_destroy(ticket);
    tls_trust_destroy(own);
    tls_house_destroy(asking);
    identity_free(&one);
    identity_free(&ca);
}

/* A certificate of some 2 KiB, `count` times. */
static void chain_of(const struct identity *one, int count)
{
    char path[TLS_PATH_SIZE];
    FILE *file = fopen(path_of("long.crt", path), "we");
    for (int i = 0; i < count; i++)
        assert_int_equal(PEM_write_X509(file, one->x509), 1);
    assert_int_equal(fclose(file), 0);
}

static void test_how_much_a_client_may_show(void **state)
{
    (void)state;
    char names[2048] = "DNS:a";
    while (strlen(names) + 40 < sizeof names)
        strcat(names, ",DNS:a-rather-long-name.example");
    struct identity one = identity_of(NULL, "long", names);
    identity_put(&one, "long");
    int size = i2d_X509(one.x509, NULL);
    int most = (int)(TLS_PEER_CHAIN_BYTES / ((size_t)size + 8));
    struct tls_files files = files_named("server", NULL, "ca.crt");
    struct tls_house *asking = house_of(&files);
    assert_true(most + 1 <= TLS_CHAIN_MAX + 1);
    for (int beyond = 0; beyond <= 1; beyond++) {
        struct pair pair;
        chain_of(&one, most + beyond);
        struct tls_trust *trusting = trust_of("ca.crt", "long");
        pair_open(&pair, asking, trusting, "localhost", NULL, NULL);
        pair_run(&pair);
        assert_int_equal(tls_session_is_open(pair.server.session), !beyond);
        assert_int_equal(tls_session_fault(pair.server.session),
                         beyond ? TLS_FAULT_BYTES : TLS_FAULT_NONE);
        assert_true(beyond || tls_session_memory(pair.server.session) >
                                  TLS_SESSION_BYTES + (size_t)(most * size));
        pair_close(&pair);
        tls_trust_destroy(trusting);
    }
    identity_free(&one);
    tls_house_destroy(asking);
}

static void test_what_a_session_says_it_holds(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, house, trust, "localhost", NULL, NULL);
    assert_int_equal(tls_session_memory(pair.server.session), TLS_HANDSHAKE_BYTES);
    pair_run(&pair);
    assert_int_equal(tls_session_memory(pair.server.session), TLS_SESSION_BYTES);
    side_put(&pair.client, "unfinished", 10);
    side_take(&pair.server, bytes_of(pair.client.sealed, pair.client.sealed_size - 1));
    assert_int_equal(tls_session_memory(pair.server.session), TLS_SESSION_BYTES + TLS_RECORD_MAX);
    side_take(&pair.server, bytes_of(pair.client.sealed + pair.client.sealed_size - 1, 1));
    assert_int_equal(pair.server.plain_size, 10);
    assert_int_equal(tls_session_memory(pair.server.session), TLS_SESSION_BYTES);
    pair_close(&pair);
}

/* ---- resumption ---- */
static struct tls_ticket *ticket_of(struct tls_house *from)
{
    struct pair pair;
    pair_open(&pair, from, trust, "localhost", NULL, NULL);
    pair_run(&pair);
    assert_open(&pair);
    assert_false(tls_session_is_resumed(pair.server.session));
    struct tls_ticket *ticket = tls_session_ticket(pair.client.session);
    assert_non_null(ticket);
    pair_close(&pair);
    return ticket;
}

static bool is_resumed(struct tls_house *with, struct tls_ticket *ticket)
{
    struct pair pair;
    pair_open(&pair, with, trust, "localhost", NULL, ticket);
    pair_run(&pair);
    assert_open(&pair);
    bool resumed = tls_session_is_resumed(pair.server.session);
    talk(&pair);
    pair_close(&pair);
    return resumed;
}

static void test_tickets_live_as_long_as_their_keys(void **state)
{
    (void)state;
    struct tls_files files = files_named("server", NULL, NULL);
    struct tls_house *aging = house_of(&files), *another = house_of(&files);
    int64_t now_ns = NS_PER_S;
    tls_house_now(aging, now_ns);
    struct tls_ticket *ticket = ticket_of(aging);
    assert_true(is_resumed(aging, ticket));
    assert_false(is_resumed(another, ticket)); /* each house has keys of its own */
    tls_house_now(aging, now_ns += TLS_TICKET_KEY_NS - 1);
    assert_true(is_resumed(aging, ticket));
    tls_house_now(aging, now_ns += 1);
    assert_true(is_resumed(aging, ticket));
    tls_house_now(aging, now_ns += TLS_TICKET_KEY_NS);
    assert_true(is_resumed(aging, ticket)); /* the oldest key that opens */
    tls_house_now(aging, now_ns += TLS_TICKET_KEY_NS);
    assert_false(is_resumed(aging, ticket));
    tls_ticket_destroy(ticket);
    tls_house_destroy(aging);
    tls_house_destroy(another);
}

static void test_new_certificates_keep_tickets_and_new_authorities_end_them(void **state)
{
    (void)state;
    struct tls_files files = files_named("server", NULL, NULL);
    struct tls_files other = files_named("server", NULL, "ca.crt");
    struct tls_house *one = house_of(&files);
    struct tls_ticket *ticket = ticket_of(one);
    tls_house_take(one, set_of(&files));
    assert_true(is_resumed(one, ticket));
    tls_house_take(one, set_of(&other));
    assert_false(is_resumed(one, ticket));
    tls_ticket_destroy(ticket);
    tls_house_destroy(one);
}

/* ---- new certificates under living sessions ---- */
static void test_who_is_connected_notices_nothing(void **state)
{
    (void)state;
    struct tls_files files = files_named("server", NULL, NULL),
                     other = files_named("stranger", NULL, NULL);
    struct tls_house *one = house_of(&files);
    struct tls_trust *all = trust_of(NULL, NULL);
    struct pair open, begun, fresh;
    struct tls_certificate certificate;
    size_t count;
    pair_open(&open, one, all, "localhost", NULL, NULL);
    pair_run(&open);
    pair_open(&begun, one, all, "localhost", NULL, NULL); /* and says hello to the new ones */
    tls_house_take(one, set_of(&other));
    talk(&open);
    pair_run(&begun);
    assert_open(&begun);
    tls_session_certificates(begun.client.session, &certificate, 1, &count);
    assert_string_equal(certificate.names, "localhost, 127.0.0.1");
    pair_open(&fresh, one, all, "localhost", NULL, NULL);
    pair_run(&fresh);
    assert_open(&fresh);
    tls_session_certificates(fresh.client.session, &certificate, 1, &count);
    assert_string_equal(certificate.names, "press-8");
    pair_close(&open);
    pair_close(&begun);
    pair_close(&fresh);
    tls_trust_destroy(all);
    tls_house_destroy(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_versions_in_pieces_of_any_size),
        cmocka_unit_test(test_a_handshake_cut_anywhere),
        cmocka_unit_test(test_long_texts_in_the_largest_pieces),
        cmocka_unit_test(test_the_rooms_hold_what_they_must),
        cmocka_unit_test(test_the_last_word_of_either_side),
        cmocka_unit_test(test_who_speaks_in_clear_is_told_by_name),
        cmocka_unit_test(test_garbage_in_records),
        cmocka_unit_test(test_old_versions),
        cmocka_unit_test(test_the_least_version_can_be_1_3),
        cmocka_unit_test(test_weak_suites),
        cmocka_unit_test(test_each_good_suite),
        cmocka_unit_test(test_no_renegotiation),
        cmocka_unit_test(test_protocols_by_alpn),
        cmocka_unit_test(test_changed_records),
        cmocka_unit_test(test_a_handshake_that_turns_to_garbage),
        cmocka_unit_test(test_the_client_looks_at_whom_it_talks_to),
        cmocka_unit_test(test_certificates_of_clients),
        cmocka_unit_test(test_who_comes_back_behind_his_certificates_end),
        cmocka_unit_test(test_how_much_a_client_may_show),
        cmocka_unit_test(test_what_a_session_says_it_holds),
        cmocka_unit_test(test_tickets_live_as_long_as_their_keys),
        cmocka_unit_test(test_new_certificates_keep_tickets_and_new_authorities_end_them),
        cmocka_unit_test(test_who_is_connected_notices_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

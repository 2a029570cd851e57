/* Sets: what is refused and in which words, which certificate a name gets, what counts as a change.
 */
#include "tls/test_pair.h"

static int setup(void **state)
{
    if (folder_make(state) != 0)
        return 1;
    char path[TLS_PATH_SIZE];
    identity_write(NULL, "one", "one", "DNS:one.example,DNS:*.wild.example,DNS:Mixed.Example");
    identity_write(NULL, "two", "two", "DNS:two.example");
    identity_write(NULL, "named", "only.common.name", "");
    assert_int_equal(mkdir(path_of("pairs", path), 0700), 0);
    identity_write(NULL, "pairs/b", "b", "DNS:b.example,DNS:exact.wild.example");
    identity_write(NULL, "pairs/a", "a", "DNS:a.example,DNS:*.a.example");
    assert_int_equal(mkdir(path_of("empty", path), 0700), 0);
    assert_int_equal(mkdir(path_of("half", path), 0700), 0);
    identity_write(NULL, "half/lonely", "lonely", "DNS:lonely");
    assert_int_equal(unlink(path_of("half/lonely.key", path)), 0);
    return 0;
}

/* ---- what is refused ---- */
static void refused(const struct tls_files *files, enum err wanted, const char *says)
{
    struct tls_set *set = NULL;
    fault[0] = '\0';
    enum err err = tls_set_load(files, &set, fault);
    if (err != wanted || strstr(fault, says) == NULL)
        fail_msg("wanted: %s and \"%s\", found: %s and \"%s\"", err_text(wanted), says,
                 err_text(err), fault);
    assert_null(set);
}

static void mixed(const char *certificate, const char *key, enum err wanted, const char *says)
{
    struct tls_files files = {.only_13 = false};
    if (certificate)
        path_of(certificate, files.certificate);
    if (key)
        path_of(key, files.key);
    refused(&files, wanted, says);
}

static void test_each_fault_says_what_to_do(void **state)
{
    (void)state;
    file_put("text.crt", "this is no certificate\n");
    file_put("broken.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    mixed(NULL, NULL, ERR_MISSING, "cert self-signed");
    mixed("one.crt", NULL, ERR_INVALID, "go together");
    mixed(NULL, "one.key", ERR_INVALID, "go together");
    mixed("none.crt", "one.key", ERR_MISSING, "none.crt cannot be read");
    mixed("one.crt", "none.key", ERR_MISSING, "none.key cannot be read");
    mixed("text.crt", "one.key", ERR_INVALID, "BEGIN CERTIFICATE");
    mixed("broken.crt", "one.key", ERR_INVALID, "certificate 1 is broken");
    mixed("one.crt", "text.crt", ERR_INVALID, "BEGIN PRIVATE KEY");
    mixed("one.crt", "two.key", ERR_INVALID, "not the one of the certificate");
    mixed("one.key", "one.key", ERR_INVALID, "holds no certificate");
}

static void test_a_passphrase_is_not_asked_for(void **state)
{
    char path[TLS_PATH_SIZE];
    (void)state;
    struct identity one = identity_of(NULL, "sealed", "DNS:sealed");
    identity_put(&one, "sealed");
    FILE *file = fopen(path_of("sealed.key", path), "we");
    uint8_t word[] = "open";
    assert_int_equal(PEM_write_PrivateKey(file, one.key, EVP_aes_256_cbc(), word, 4, NULL, NULL),
                     1);
    fclose(file);
    identity_free(&one);
    mixed("sealed.crt", "sealed.key", ERR_INVALID, "passphrase");
}

static void test_keys_at_both_sides_of_the_least(void **state)
{
    (void)state;
    static const struct {
        unsigned bits;
        bool good;
    } sizes[] = {{1024, false}, {1536, false}, {2048, true}};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct identity one =
            identity_make(EVP_RSA_gen(sizes[i].bits), NULL, "rsa", "DNS:rsa", -1, 1);
        identity_put(&one, "rsa");
        identity_free(&one);
        struct tls_files files = files_named("rsa", NULL, NULL);
        if (sizes[i].good)
            tls_set_destroy(set_of(&files));
        else
            refused(&files, ERR_INVALID, "RSA of 2048");
    }
}

static void chain_put(const char *name, int count)
{
    char path[TLS_PATH_SIZE];
    struct identity one = identity_of(NULL, name, "DNS:chain");
    identity_put(&one, name);
    FILE *file = fopen(path_of("chain.crt", path), "we");
    for (int i = 0; i < count; i++)
        assert_int_equal(PEM_write_X509(file, one.x509), 1);
    fclose(file);
    identity_free(&one);
}

static void test_a_chain_at_both_sides_of_its_length(void **state)
{
    (void)state;
    struct tls_files files = files_named("chain", NULL, NULL);
    chain_put("chain", TLS_CHAIN_MAX + 1);
    tls_set_destroy(set_of(&files));
    chain_put("chain", TLS_CHAIN_MAX + 2);
    refused(&files, ERR_LIMIT, "list of authorities");
}

static void test_files_at_both_sides_of_their_size(void **state)
{
    (void)state;
    char path[TLS_PATH_SIZE];
    struct tls_certificate certificate;
    size_t count;
    for (int beyond = 0; beyond <= 1; beyond++) {
        identity_write(NULL, "large", "large", "DNS:large");
        FILE *file = fopen(path_of("large.crt", path), "ae");
        long size = ftell(file);
        while (size++ < (long)TLS_FILE_MAX + beyond)
            fputc('\n', file);
        fclose(file);
        assert_int_equal(tls_certificate_read(path, &certificate, 1, &count, fault),
                         beyond ? ERR_LIMIT : OK);
    }
    assert_non_null(strstr(fault, "larger than 1 MiB"));
}

static void test_folders(void **state)
{
    (void)state;
    struct tls_files files = files_named(NULL, "nowhere", NULL);
    refused(&files, ERR_MISSING, "cannot be read");
    files = files_named(NULL, "empty", NULL);
    refused(&files, ERR_MISSING, "holds no pair");
    files = files_named(NULL, "half", NULL);
    refused(&files, ERR_MISSING, "lonely.key cannot be read");
    files = files_named("one", "half", NULL);
    refused(&files, ERR_MISSING, "lonely.key cannot be read");
    files = files_named("one", NULL, "nobody.crt");
    refused(&files, ERR_MISSING, "nobody.crt cannot be read");
    files = files_named("one", NULL, "one.key");
    refused(&files, ERR_INVALID, "holds no certificate");
}

static void test_what_a_set_tells(void **state)
{
    char path[TLS_PATH_SIZE];
    (void)state;
    struct tls_files files = files_named("one", "pairs", NULL);
    assert_int_equal(chmod(path_of("pairs/b.key", path), 0604), 0);
    struct tls_set *set = set_of(&files);
    struct tls_set_entry entry;
    static const char *const names[] = {"one.example, *.wild.example, Mixed.Example",
                                        "a.example, *.a.example", "b.example, exact.wild.example"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_true(tls_set_view(set, i, &entry));
        assert_string_equal(entry.certificate->names, names[i]);
        assert_int_equal(entry.key_open, i == 2);
        assert_true(entry.certificate->until_s - entry.certificate->from_s == 31 * 86400);
        assert_true(entry.certificate->self_signed);
        assert_string_equal(entry.certificate->key, "EC prime256v1, 256 bits");
        assert_int_equal(strlen(entry.certificate->fingerprint), 64);
    }
    assert_false(tls_set_view(set, ARRAY_COUNT(names), &entry));
    tls_set_destroy(set);
    chmod(path, 0600);
}

/* ---- which one a name gets ---- */
static void name_gets(struct tls_house *house, const char *host, const char *wanted)
{
    struct tls_trust *all = trust_of(NULL, NULL);
    struct tls_certificate certificate = {.names = ""};
    struct pair pair;
    size_t count;
    pair_open(&pair, house, all, host, NULL, NULL);
    pair_run(&pair);
    assert_open(&pair);
    tls_session_certificates(pair.client.session, &certificate, 1, &count);
    if (strncmp(certificate.subject, "CN = ", 5) != 0 ||
        strcmp(certificate.subject + 5, wanted) != 0)
        fail_msg("%s gets the certificate of %s, not of %s", host, certificate.subject, wanted);
    pair_close(&pair);
    tls_trust_destroy(all);
}

static void test_names_choose(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"one.example", "one"},      {"ONE.example", "one"},
        {"mixed.example", "one"},    {"x.wild.example", "one"},
        {"X.WILD.example", "one"},   {"exact.wild.example", "b"},
        {"x.y.wild.example", "one"}, /* no wildcard for two labels: the default one */
        {"wild.example", "one"},     {"a.example", "a"},
        {"x.a.example", "a"},        {"x.y.a.example", "one"},
        {"b.example", "b"},          {"x.b.example", "one"},
        {"unknown", "one"},          {"127.0.0.1", "one"},
        {"two.example", "one"},      {"a", "one"},
    };
    struct tls_files files = files_named("one", "pairs", NULL);
    struct tls_house *house = house_of(&files);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        name_gets(house, cases[i][0], cases[i][1]);
    tls_house_destroy(house);
    files = files_named(NULL, "pairs", NULL);
    house = house_of(&files); /* without a default one: the first by name */
    name_gets(house, "unknown", "a");
    name_gets(house, "b.example", "b");
    tls_house_destroy(house);
    files = files_named("named", "pairs", NULL);
    house = house_of(&files);
    name_gets(house, "a.example", "a");
    name_gets(house, "only.common.name", "only.common.name");
    tls_house_destroy(house);
}

/* ---- what counts as a change ---- */
static void test_stamps(void **state)
{
    char path[TLS_PATH_SIZE];
    (void)state;
    struct tls_files files = files_named("two", "pairs", "one.crt");
    uint64_t stamp = tls_files_stamp(&files), next;
    assert_int_equal(tls_files_stamp(&files), stamp);
    static const char *const each[] = {"two.crt", "two.key", "pairs/a.key", "pairs/b.crt",
                                       "one.crt"};
    for (size_t i = 0; i < ARRAY_COUNT(each); i++) {
        FILE *file = fopen(path_of(each[i], path), "ae");
        fputs("\n", file);
        fclose(file);
        next = tls_files_stamp(&files);
        assert_int_not_equal(next, stamp);
        stamp = next;
    }
    identity_write(NULL, "pairs/c", "c", "DNS:c");
    next = tls_files_stamp(&files);
    assert_int_not_equal(next, stamp);
    assert_int_equal(unlink(path_of("pairs/c.crt", path)), 0);
    assert_int_equal(unlink(path_of("pairs/c.key", path)), 0);
    assert_int_equal(tls_files_stamp(&files), stamp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault_says_what_to_do),
        cmocka_unit_test(test_a_passphrase_is_not_asked_for),
        cmocka_unit_test(test_keys_at_both_sides_of_the_least),
        cmocka_unit_test(test_a_chain_at_both_sides_of_its_length),
        cmocka_unit_test(test_files_at_both_sides_of_their_size),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_what_a_set_tells),
        cmocka_unit_test(test_names_choose),
        cmocka_unit_test(test_stamps),
    };
    return cmocka_run_group_tests(tests, setup, folder_drop);
}

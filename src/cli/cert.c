/* cert: certificates of TLS: one for trials, and what one says. */
#include "cli/terminal.h"
#include "cli/words.h"

#include "client/client.h"
#include "os/os.h"
#include "settings/settings.h"
#include "tls/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#define VERB "cert"
#define PATH_BYTES 4096
#define CHAIN_SHOWN 20

/* ---- self-signed
 * ----------------------------------------------------------------------------------- */
/* What a server on this machine is called by those who try it. */
static size_t names_usual(const char *names[4])
{
    static char host[256];
    size_t count = 0;
    names[count++] = "localhost";
    names[count++] = "127.0.0.1";
    names[count++] = "::1";
    if (gethostname(host, sizeof host - 1) == 0 && strcmp(host, "localhost") != 0 && host[0] != 0)
        names[count++] = host;
    return count;
}

/* Never over an old one: who has it trusts it. */
static bool file_put(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    size_t size = strlen(text);
    bool good = fd >= 0 && write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    if (!good && errno == EEXIST)
        fail(VERB, "%s is there already; name another folder with --out, or move it away", path);
    else if (!good)
        fail(VERB, "%s cannot be written: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

static void made_print(const struct words *words, const char *certificate, const char *key,
                       const char *const *names, size_t count)
{
    if (words_flag(words, "json")) {
        json_t *list = json_array();
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, json_string(names[i]));
        json_t *all =
            json_pack("{s:s, s:s, s:o}", "certificate", certificate, "key", key, "names", list);
        json_dumpf(all, stdout, JSON_COMPACT);
        printf("\n");
        json_decref(all);
        return;
    }
    printf("%s and %s, for", certificate, key);
    for (size_t i = 0; i < count; i++)
        printf("%s %s", i > 0 ? "," : "", names[i]);
    printf("; good for %d days, and for trials: nobody trusts it who is not told to\n"
           "  mainstem serve --mqtts :8883 --https :8443 --tls-certificate %s --tls-key %s\n"
           "  mainstem pub --server mqtts://localhost --ca %s plant/line1/rpm 1480\n",
           TLS_CERTIFICATE_DAYS, certificate, key, certificate);
}

static int cert_self_signed(const struct words *words)
{
    const char *usual[4], *names[TLS_CERTIFICATE_NAMES_MAX + 1];
    char fault[TLS_FAULT_SIZE], certificate[PATH_BYTES], key[PATH_BYTES];
    char *certificate_text, *key_text;
    const char *folder = words_value(words, "out", 0);
    size_t count = 0;
    while (count < ARRAY_COUNT(names) && words_value(words, "name", count) != NULL) {
        names[count] = words_value(words, "name", count);
        count++;
    }
    if (count == 0) {
        count = names_usual(usual);
        memcpy(names, usual, count * sizeof *names);
    }
    if (tls_certificate_make(names, count, TLS_CERTIFICATE_DAYS, &certificate_text, &key_text,
                             fault) != OK) {
        fail(VERB, "%s", fault);
        return EXIT_USAGE;
    }
    folder = folder != NULL ? folder : ".";
    int a = snprintf(certificate, sizeof certificate, "%s/mainstem.crt", folder);
    int b = snprintf(key, sizeof key, "%s/mainstem.key", folder);
    bool good = a > 0 && b > 0 && b < (int)sizeof key && a < (int)sizeof certificate;
    if (!good)
        fail(VERB, "--out is too long");
    if (good && mkdir(folder, 0755) != 0 && errno != EEXIST)
        good = fail(VERB, "%s cannot be made: %s", folder, strerror(errno)) == EXIT_DONE;
    good = good && file_put(key, key_text, 0600) && file_put(certificate, certificate_text, 0644);
    if (good)
        made_print(words, certificate, key, names, count);
    explicit_bzero(key_text, strlen(key_text));
    free(certificate_text);
    free(key_text);
    return good ? EXIT_DONE : EXIT_FAILED;
}

/* ---- show
 * ------------------------------------------------------------------------------------------- */
struct shown {
    struct tls_certificate certificates[CHAIN_SHOWN];
    size_t count;
    char version[16], suite[64]; /* of a server; "": a file */
};

/* Whoever answers there, trusted or not. */
static enum err show_server(const char *address, struct shown *shown, char *fault)
{
    struct tls_trust_config config = {.insecure = true};
    struct tls_trust *trust;
    struct channel channel;
    channel_init(&channel);
    enum err err = tls_trust_create(&config, &trust, fault);
    if (err != OK)
        return err;
    err = channel_open(&channel, address, trust, NULL, fault);
    if (err == OK) {
        tls_session_certificates(channel.session, shown->certificates, CHAIN_SHOWN, &shown->count);
        snprintf(shown->version, sizeof shown->version, "%s", tls_session_version(channel.session));
        snprintf(shown->suite, sizeof shown->suite, "%s", tls_session_suite(channel.session));
    } else if (fault[0] == '\0') {
        snprintf(fault, TLS_FAULT_SIZE, "%.200s: %s", address,
                 err == ERR_MISSING ? "nobody listens there" : err_text(err));
    }
    channel_close(&channel, true);
    tls_trust_destroy(trust);
    return err;
}

static const char *state_of(const struct tls_certificate *certificate, int64_t now_s,
                            enum paint *ret_paint)
{
    *ret_paint = PAINT_RED;
    if (certificate->until_s <= now_s)
        return "ended";
    if (certificate->from_s > now_s)
        return "not valid yet";
    *ret_paint = certificate->until_s - now_s < 14 * INT64_C(86400) ? PAINT_YELLOW : PAINT_GREEN;
    return *ret_paint == PAINT_YELLOW ? "ends soon" : "valid";
}

static void certificate_print(const struct tls_certificate *certificate, int64_t now_s)
{
    char from[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
    enum paint colour;
    const char *state = state_of(certificate, now_s, &colour);
    printf("%s%s%s\n", paint(PAINT_BOLD), certificate->names, paint(PAINT_NONE));
    printf("  subject      %s\n", certificate->subject);
    printf("  issuer       %s%s\n", certificate->issuer,
           certificate->self_signed ? " (itself)" : "");
    printf("  valid        %s to %s: %s%s%s\n",
           time_format_short(certificate->from_s * NS_PER_S, from),
           time_format_short(certificate->until_s * NS_PER_S, until), paint(colour), state,
           paint(PAINT_NONE));
    printf("  key          %s\n", certificate->key);
    printf("  signature    %s\n", certificate->signature);
    printf("  fingerprint  %s\n", certificate->fingerprint);
}

static void certificate_print_json(const struct tls_certificate *certificate, int64_t now_s)
{
    char from[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
    enum paint colour;
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "names", certificate->names,
                  "subject", certificate->subject, "issuer", certificate->issuer, "from",
                  time_format_short(certificate->from_s * NS_PER_S, from), "until",
                  time_format_short(certificate->until_s * NS_PER_S, until), "state",
                  state_of(certificate, now_s, &colour), "key", certificate->key, "signature",
                  certificate->signature, "fingerprint", certificate->fingerprint, "self_signed",
                  certificate->self_signed);
    json_dumpf(object, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(object);
}

static int cert_show(const struct words *words)
{
    static struct shown shown;
    char fault[TLS_FAULT_SIZE] = "";
    const char *what = words->arguments[1];
    bool file = access(what, F_OK) == 0 || settings_address_fault(bytes_text(what)) != NULL;
    enum err err =
        file ? tls_certificate_read(what, shown.certificates, CHAIN_SHOWN, &shown.count, fault)
             : show_server(what, &shown, fault);
    if (err != OK)
        return fail(VERB, "%s", fault);
    int64_t now_s = clock_real()->wall_ns(clock_real()) / NS_PER_S;
    bool json = words_flag(words, "json");
    if (shown.version[0] != '\0' && !json)
        printf("%s speaks %s, %s\n", what, shown.version, shown.suite);
    for (size_t i = 0; i < shown.count && i < CHAIN_SHOWN; i++)
        (json ? certificate_print_json : certificate_print)(&shown.certificates[i], now_s);
    return EXIT_DONE;
}

/* ---- the verb
 * --------------------------------------------------------------------------------------- */
static int cert_run(const struct words *words)
{
    const char *what = words->arguments[0];
    if (strcmp(what, "self-signed") == 0 && words->argument_count == 1)
        return cert_self_signed(words);
    if (strcmp(what, "show") == 0 && words->argument_count == 2)
        return cert_show(words);
    fail(VERB, "`self-signed`, or `show` with a file or a HOST:PORT, is wanted");
    return EXIT_USAGE;
}

static const struct option cert_options[] = {
    {"name", "NAME", "a name or an address the certificate is for; several times for several"},
    {"out", "DIR", "folder for mainstem.crt and mainstem.key, made when missing (.)"},
    JSON_OPTION,
};
const struct verb verb_cert = {
    .name = "cert",
    .arguments = "self-signed | show FILE|HOST:PORT",
    .summary = "Make a certificate for trials of TLS, or look at one.",
    .about =
        "self-signed makes a key (ECDSA P-256) and a certificate that is signed by itself, good\n"
        "for 825 days; without --name it is for localhost, 127.0.0.1, ::1 and this machine's\n"
        "name. A key that is there is never written over. For others than yourself get one\n"
        "from an authority: docs/tls.md.\n"
        "show prints what a PEM file says, or what a server shows, trusted or not.",
    .example =
        "  mainstem cert self-signed --name plant.example --name 192.0.2.7 --out /etc/mainstem\n"
        "  mainstem cert show 127.0.0.1:8883",
    .options = cert_options,
    .option_count = ARRAY_COUNT(cert_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = cert_run,
};

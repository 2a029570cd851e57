/* A login's secrets, and the address that carries them to the provider. */
#include "openid/room.h"

#include <stdio.h>
#include <string.h>

#define FAULT_WORD(name, word, text) word,
#define FAULT_TEXT(name, word, text) text,
static const char *const fault_words[] = {OPENID_FAULTS(FAULT_WORD)};
static const char *const fault_texts[] = {OPENID_FAULTS(FAULT_TEXT)};

const char *openid_fault_word(enum openid_fault fault)
{
    return fault_words[fault];
}

const char *openid_fault_text(enum openid_fault fault)
{
    return fault_texts[fault];
}

static void flow_text(const uint8_t seed[OPENID_SEED_SIZE], const char *of, char *text)
{
    uint8_t signature[SECRET_SIGNATURE_SIZE];
    secret_sign_shared(bytes_of(seed, OPENID_SEED_SIZE), bytes_text(of), signature);
    secret_base64_put(bytes_of(signature, sizeof signature), text);
    secret_wipe(signature, sizeof signature);
}

void openid_flow_of(const uint8_t seed[OPENID_SEED_SIZE], struct openid_flow *ret_flow)
{
    uint8_t digest[SECRET_DIGEST_SIZE];
    flow_text(seed, "openid state", ret_flow->state);
    flow_text(seed, "openid nonce", ret_flow->nonce);
    flow_text(seed, "openid verifier", ret_flow->verifier);
    secret_hash(bytes_text(ret_flow->verifier), digest); /* RFC 7636, 4.2: S256 */
    secret_base64_put(bytes_of(digest, sizeof digest), ret_flow->challenge);
}

/* ---- addresses ---------------------------------------------------------------------------------
 */
static bool starts(struct bytes text, const char *with)
{
    size_t size = strlen(with);
    return text.size >= size && memcmp(text.at, with, size) == 0;
}

static bool host_is_loopback(struct bytes host)
{
    return bytes_equal(host, bytes_text("127.0.0.1")) || bytes_equal(host, bytes_text("[::1]")) ||
           bytes_equal(host, bytes_text("localhost"));
}

bool openid_url_is_good(struct bytes url, bool inner)
{
    bool https = starts(url, "https://");
    size_t at = https ? 8 : 7;
    if (url.size > OPENID_URL_MAX || (!https && !(inner && starts(url, "http://"))))
        return false;
    for (size_t i = 0; i < url.size; i++)
        if (url.at[i] <= ' ' || url.at[i] >= 0x7f || strchr("\"#<>\\^`{|}", url.at[i]) != NULL)
            return false;
    size_t end = at;
    while (end < url.size && url.at[end] != '/' && url.at[end] != '?')
        end++;
    struct bytes authority = bytes_of(url.at + at, end - at), host = authority;
    if (authority.size == 0 || memchr(authority.at, '@', authority.size) != NULL)
        return false;
    const uint8_t *from =
        authority.at[0] == '[' ? memchr(authority.at, ']', authority.size) : authority.at;
    const uint8_t *colon =
        from == NULL ? NULL : memchr(from, ':', authority.size - (size_t)(from - authority.at));
    if (colon != NULL)
        host.size = (size_t)(colon - authority.at);
    return from != NULL && host.size > 0 && (https || host_is_loopback(host));
}

bool form_put(char *text, size_t capacity, const char *name, struct bytes value)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = strlen(text), size = strlen(name);
    bool first = used == 0 || text[used - 1] == '?';
    if (used + size + 2 + 3 * value.size + 1 > capacity)
        return false;
    if (!first)
        text[used++] = '&';
    memcpy(text + used, name, size);
    used += size;
    text[used++] = '=';
    for (size_t i = 0; i < value.size; i++) {
        uint8_t c = value.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            text[used++] = (char)c;
            continue;
        }
        text[used++] = '%';
        text[used++] = digits[c >> 4];
        text[used++] = digits[c & 15];
    }
    text[used] = '\0';
    return true;
}

enum openid_fault target_make(const struct openid_document *document,
                              const struct openid_question *question, char *target)
{
    char scopes[300];
    const size_t room = OPENID_TARGET_MAX + 1;
    const char *at = document->authorization;
    int size = snprintf(scopes, sizeof scopes, "openid%s%.*s", question->scopes.size > 0 ? " " : "",
                        (int)question->scopes.size, (const char *)question->scopes.at);
    if (size < 0 || (size_t)size >= sizeof scopes)
        return OPENID_ANSWER;
    snprintf(target, room, "%s%s", at, strchr(at, '?') == NULL ? "?" : "");
    bool fits = form_put(target, room, "response_type", bytes_text("code")) &&
                form_put(target, room, "client_id", question->client_id) &&
                form_put(target, room, "redirect_uri", question->redirect) &&
                form_put(target, room, "scope", bytes_of(scopes, (size_t)size)) &&
                form_put(target, room, "state", bytes_text(question->flow->state)) &&
                form_put(target, room, "nonce", bytes_text(question->flow->nonce)) &&
                form_put(target, room, "code_challenge", bytes_text(question->flow->challenge)) &&
                form_put(target, room, "code_challenge_method", bytes_text("S256"));
    return fits ? OPENID_FINE : OPENID_ANSWER;
}

/* ID tokens: JSON Web Signatures in compact form (RFC 7515, 7.1), and what OpenID Connect Core
 * 3.1.3.7 wants of their claims. The signature is looked at before any claim is believed. */
#include "openid/room.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct token {
    struct bytes signed_part; /* header and claims, with the dot between them */
    struct bytes signature;
    json_t *header, *claims;
    uint8_t *memory; /* decoded parts */
};

static void token_done(struct token *token)
{
    json_decref(token->header);
    json_decref(token->claims);
    free(token->memory);
}

/* The next part, decoded to *at, which moves on. */
static bool part_decode(struct bytes *rest, bool last, uint8_t **at, struct bytes *ret_part)
{
    size_t size, end = 0;
    while (end < rest->size && rest->at[end] != '.')
        end++;
    if ((end == rest->size) != last ||
        secret_base64_get(bytes_of(rest->at, end), *at, end + 1, &size) != OK)
        return false;
    *ret_part = bytes_of(*at, size);
    *at += end + 1;
    rest->at += last ? end : end + 1;
    rest->size -= last ? end : end + 1;
    return true;
}

static bool token_read(struct bytes text, struct token *token)
{
    struct bytes rest = text, header, claims;
    memset(token, 0, sizeof *token);
    if (text.size > OPENID_TOKEN_MAX)
        return false;
    uint8_t *at = token->memory = malloc(text.size + 4);
    if (at == NULL || !part_decode(&rest, false, &at, &header) ||
        !part_decode(&rest, false, &at, &claims))
        return false;
    token->signed_part = bytes_of(text.at, text.size - rest.size - 1);
    if (!part_decode(&rest, true, &at, &token->signature))
        return false;
    token->header = object_read(header);
    token->claims = object_read(claims);
    return token->header != NULL && token->claims != NULL;
}

/* ---- the signature ------------------------------------------------------------------------------
 */
/* Without a key id any key that suits may have signed it. */
static enum openid_fault token_signed(const struct token *token, const json_t *set)
{
    const char *algorithm = json_string_value(json_object_get(token->header, "alg"));
    const json_t *id = json_object_get(token->header, "kid");
    const json_t *keys = json_object_get(set, "keys");
    bool any = false;
    if (json_object_get(token->header, "crit") != NULL || (id != NULL && !json_is_string(id)) ||
        algorithm == NULL)
        return OPENID_TOKEN;
    if (!algorithm_is_accepted(algorithm))
        return OPENID_ALGORITHM;
    if (!json_is_array(keys))
        return OPENID_ANSWER;
    for (size_t i = 0; i < json_array_size(keys) && i < OPENID_KEYS_MAX; i++) {
        const json_t *key = json_array_get(keys, i);
        bool suits;
        if (id != NULL && !json_equal(id, json_object_get(key, "kid")))
            continue;
        if (key_verify(key, algorithm, token->signed_part, token->signature, &suits))
            return OPENID_FINE;
        any = any || suits;
    }
    /* With a key id that is there, it is the signature; else the key may be newer than the set. */
    return any && id != NULL ? OPENID_SIGNATURE : OPENID_KEY;
}

/* ---- the claims ---------------------------------------------------------------------------------
 */
static bool text_is(const json_t *value, struct bytes wanted)
{
    return json_is_string(value) &&
           bytes_equal(bytes_of(json_string_value(value), json_string_length(value)), wanted);
}

static bool audience_is_ours(const json_t *claims, struct bytes client_id)
{
    const json_t *audience = json_object_get(claims, "aud");
    const json_t *party = json_object_get(claims, "azp");
    bool ours = text_is(audience, client_id);
    for (size_t i = 0; i < json_array_size(audience); i++)
        ours = ours || text_is(json_array_get(audience, i), client_id);
    if (party == NULL)
        return ours && json_array_size(audience) <= 1;
    return ours && text_is(party, client_id);
}

/* Whole seconds or with decimals; false: it is no time. */
static bool claim_time(const json_t *claims, const char *name, double *ret_s)
{
    const json_t *value = json_object_get(claims, name);
    if (!json_is_number(value))
        return false;
    *ret_s = json_number_value(value);
    return *ret_s >= 0 && *ret_s < 1e12;
}

static enum openid_fault times_judge(const json_t *claims, int64_t now_s)
{
    double expires, issued, from = 0, now = (double)now_s;
    if (!claim_time(claims, "exp", &expires) || !claim_time(claims, "iat", &issued) ||
        (json_object_get(claims, "nbf") != NULL && !claim_time(claims, "nbf", &from)))
        return OPENID_TOKEN;
    return expires <= now - OPENID_SKEW_S || issued > now + OPENID_SKEW_S ||
                   from > now + OPENID_SKEW_S
               ? OPENID_EXPIRED
               : OPENID_FINE;
}

/* Core 3.1.3.6: the left half of the hash that its algorithm uses. */
static bool hash_agrees(const struct token *token, struct bytes access_token)
{
    const json_t *wanted = json_object_get(token->claims, "at_hash");
    const char *algorithm = json_string_value(json_object_get(token->header, "alg"));
    uint8_t digest[EVP_MAX_MD_SIZE];
    char half[SECRET_BASE64_SIZE(EVP_MAX_MD_SIZE / 2)];
    unsigned size = 0;
    if (wanted == NULL || access_token.size == 0)
        return true;
    const EVP_MD *hash = strcmp(algorithm, "EdDSA") == 0 ? EVP_sha512() : EVP_sha256();
    if (EVP_Digest(access_token.at, access_token.size, digest, &size, hash, NULL) != 1)
        return false;
    secret_base64_put(bytes_of(digest, size / 2), half);
    return text_is(wanted, bytes_text(half));
}

static enum openid_fault claims_judge(const struct token *token, const struct openid_wanted *wanted)
{
    const json_t *claims = token->claims;
    if (!text_is(json_object_get(claims, "iss"), wanted->issuer))
        return OPENID_ISSUER;
    if (!audience_is_ours(claims, wanted->client_id))
        return OPENID_AUDIENCE;
    enum openid_fault fault = times_judge(claims, wanted->now_s);
    if (fault != OPENID_FINE)
        return fault;
    const json_t *nonce = json_object_get(claims, "nonce");
    if (wanted->nonce.size == 0 || !text_is(nonce, wanted->nonce))
        return OPENID_NONCE;
    return hash_agrees(token, wanted->access_token) ? OPENID_FINE : OPENID_HASH;
}

/* For people to read: no control characters (of UTF-8, which jansson has seen to). */
static bool text_is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < ' ' || text.at[i] == 0x7f ||
            (text.at[i] == 0xc2 && i + 1 < text.size && text.at[i + 1] < 0xa0))
            return false;
    return true;
}

static void claim_copy(const json_t *claims, const char *name, char *text, size_t size)
{
    struct bytes value;
    text[0] = '\0';
    if (!object_text(claims, name, size - 1, &value) || !text_is_plain(value))
        return;
    memcpy(text, value.at, value.size);
    text[value.size] = '\0';
}

static bool claims_read(const json_t *claims, struct openid_claims *ret_claims)
{
    const json_t *ways = json_object_get(claims, "amr");
    struct openid_claims read = {.several = false};
    claim_copy(claims, "sub", read.subject, sizeof read.subject);
    claim_copy(claims, "name", read.name, sizeof read.name);
    claim_copy(claims, "preferred_username", read.user, sizeof read.user);
    claim_copy(claims, "email", read.email, sizeof read.email);
    read.email_verified = json_is_true(json_object_get(claims, "email_verified"));
    for (size_t i = 0; i < json_array_size(ways); i++)
        read.several = read.several || text_is(json_array_get(ways, i), bytes_text("mfa"));
    if (read.subject[0] == '\0')
        return false;
    *ret_claims = read;
    return true;
}

enum openid_fault openid_token_verify(struct bytes token, struct bytes keys,
                                      const struct openid_wanted *wanted,
                                      struct openid_claims *ret_claims)
{
    struct token read;
    enum openid_fault fault = OPENID_TOKEN;
    json_t *set = NULL;
    if (token_read(token, &read)) {
        set = object_read(keys);
        fault = set == NULL ? OPENID_ANSWER : token_signed(&read, set);
        if (fault == OPENID_FINE)
            fault = claims_judge(&read, wanted);
        if (fault == OPENID_FINE && !claims_read(read.claims, ret_claims))
            fault = OPENID_TOKEN;
    }
    json_decref(set);
    token_done(&read);
    return fault;
}

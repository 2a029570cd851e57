/* JSON of providers: their document (OpenID Connect Discovery 1.0). */
#include "openid/room.h"

#include <string.h>

json_t *object_read(struct bytes text)
{
    json_error_t error;
    if (text.size == 0 || text.size > OPENID_ANSWER_MAX)
        return NULL;
    json_t *json = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

bool object_text(const json_t *object, const char *name, size_t most, struct bytes *ret_text)
{
    const json_t *value = json_object_get(object, name);
    struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
    if (!json_is_string(value) || text.size == 0 || text.size > most ||
        memchr(text.at, '\0', text.size) != NULL)
        return false;
    *ret_text = text;
    return true;
}

static bool document_url(const json_t *document, const char *name, bool inner, char *url)
{
    struct bytes text;
    if (!object_text(document, name, OPENID_URL_MAX, &text) || !openid_url_is_good(text, inner))
        return false;
    memcpy(url, text.at, text.size);
    url[text.size] = '\0';
    return true;
}

static bool list_holds(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        if (item != NULL && strcmp(item, word) == 0)
            return true;
    }
    return false;
}

enum openid_fault openid_document_read(struct bytes json, struct bytes issuer, bool inner,
                                       struct openid_document *ret_document)
{
    struct openid_document read = {.secret_in_body = false};
    enum openid_fault fault = OPENID_FINE;
    struct bytes named;
    json_t *document = object_read(json);
    if (document == NULL)
        return OPENID_ANSWER;
    const json_t *ways = json_object_get(document, "token_endpoint_auth_methods_supported");
    read.secret_in_body =
        list_holds(ways, "client_secret_post") && !list_holds(ways, "client_secret_basic");
    if (!object_text(document, "issuer", OPENID_URL_MAX, &named) || !bytes_equal(named, issuer))
        fault = OPENID_ISSUER;
    else if (!document_url(document, "authorization_endpoint", inner, read.authorization) ||
             !document_url(document, "token_endpoint", inner, read.token) ||
             !document_url(document, "jwks_uri", inner, read.keys))
        fault = OPENID_ANSWER;
    if (fault == OPENID_FINE)
        *ret_document = read;
    json_decref(document);
    return fault;
}

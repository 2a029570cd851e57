/* What the files that ask by HTTP share. Not public. */
#pragma once

#include "base/base.h"

#include <curl/curl.h>

/* What became of a request, as an error of ours; write_err: when our own taking ended it. */
enum err http_err(CURLcode code, enum err write_err);

/* "http://HOST:PORT" or "https://..." of an address as http_client.h has it. */
void http_address_url(const char *address, char *url, size_t size);
/* What both say to libcurl: no proxy, no signals, TLS as our own is. */
struct http_client_trust;
void http_set_up(CURL *curl, const char *address, const struct http_client_trust *trust);
/* Header lines of a question: what its body is (NULL: none), and who asks. For
 * curl_slist_free_all; NULL: out of memory. */
struct curl_slist *http_headers(const char *content_type, const char *address,
                                const struct http_client_trust *trust);
/* The path of the socket when the address is one, else NULL. */
const char *http_unix_path(const char *address);

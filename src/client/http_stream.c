#include "client/http_stream.h"
#include "client/http_room.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 10000

struct stream {
    CURL *curl;
    const struct http_stream_config *config;
    http_stream_take *take;
    void *arg;
    bool ended; /* by take */
    char *problem;
    size_t problem_size;
};

static size_t on_problem(struct stream *stream, const char *at, size_t size)
{
    if (stream->problem_size + size > HTTP_STREAM_PROBLEM_MAX)
        return size; /* passed over: it will be no JSON */
    char *problem = realloc(stream->problem, stream->problem_size + size);
    if (problem == NULL)
        return 0;
    memcpy(problem + stream->problem_size, at, size);
    stream->problem = problem;
    stream->problem_size += size;
    return size;
}

static size_t on_body(char *at, size_t one, size_t count, void *arg)
{
    struct stream *stream = arg;
    long status = 0;
    curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return on_problem(stream, at, one * count);
    stream->ended = !stream->take(stream->arg, bytes_of(at, one * count));
    return stream->ended ? 0 : one * count;
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
    const struct stream *stream = arg;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return stream->config->stop != NULL && stream->config->stop();
}

static void stream_set_up(struct stream *stream, const struct http_client_question *question,
                          const char *url, struct curl_slist *headers)
{
    CURL *curl = stream->curl;
    long silence_s = stream->config->silence_ms / 1000 + 1;
    http_set_up(curl, stream->config->address, &stream->config->trust);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, silence_s);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, stream);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (question->content_type != NULL) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)question->body.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question->body.at);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, question->method);
}

static enum err stream_perform(struct stream *stream, const struct http_client_question *question)
{
    char host[400], url[HTTP_URL_SIZE + sizeof host];
    http_address_url(stream->config->address, host, sizeof host);
    snprintf(url, sizeof url, "%s%s", host, question->target);
    struct curl_slist *headers =
        http_headers(question->content_type, stream->config->address, &stream->config->trust);
    stream->curl = curl_easy_init();
    enum err err = ERR_NO_MEMORY;
    if (stream->curl != NULL && headers != NULL) {
        stream_set_up(stream, question, url, headers);
        CURLcode code = curl_easy_perform(stream->curl);
        err = http_err(code, stream->ended ? ERR_STOPPED : ERR_NO_MEMORY);
    }
    curl_slist_free_all(headers);
    return err;
}

enum err http_stream_ask(const struct http_stream_config *config,
                         const struct http_client_question *question, http_stream_take *take,
                         void *arg, unsigned *ret_status, struct json_t **ret_problem)
{
    struct stream stream = {.config = config, .take = take, .arg = arg};
    long status = 0;
    enum err err = stream_perform(&stream, question);
    if (err == OK) {
        curl_easy_getinfo(stream.curl, CURLINFO_RESPONSE_CODE, &status);
        *ret_status = (unsigned)status;
        *ret_problem = stream.problem_size > 0
                           ? json_loadb(stream.problem, stream.problem_size, JSON_ALLOW_NUL, NULL)
                           : NULL;
    }
    free(stream.problem);
    if (stream.curl != NULL)
        curl_easy_cleanup(stream.curl);
    return err;
}

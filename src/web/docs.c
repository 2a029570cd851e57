/* GET /docs: the routes to read, out of the same tables as the document. A page of its own: no
 * script, nothing from elsewhere, one style sheet. */
#include "web/openapi.h"
#include "web/text.h"

#include <string.h>

#define DOCS_POLICY                                                                                \
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "  \
    "frame-ancestors 'none'"
#define LINE_MAX_BYTES 76 /* of an example, before it is broken */

/* ---- examples ------------------------------------------------------------------------------- */
static bool json_is_open(char byte)
{
    return byte == '{' || byte == '[';
}

static void pretty_break(struct text *text, unsigned depth)
{
    text_put_words(text, "\n");
    for (unsigned i = 0; i < depth; i++)
        text_put_words(text, "  ");
}

static void pretty_byte(struct text *text, char byte)
{
    char word[2] = {byte, '\0'};
    text_put_html(text, word);
}

/* How long the value that opens at `at` is, to its closing bracket. */
static size_t pretty_span(struct bytes json, size_t at)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = at; i < json.size; i++) {
        char byte = (char)json.at[i];
        if (quoted) {
            i += byte == '\\';
            quoted = byte != '"';
            continue;
        }
        quoted = byte == '"';
        depth += json_is_open(byte);
        if (byte == '}' || byte == ']')
            if (--depth == 0)
                return i + 1 - at;
    }
    return json.size - at;
}

/* JSON as people write it: what is short stays on a line. */
static void pretty_put(struct text *text, struct bytes json)
{
    unsigned depth = 0;
    size_t flat_until = 0; /* to there nothing is broken */
    bool quoted = false;
    for (size_t i = 0; i < json.size; i++) {
        char byte = (char)json.at[i];
        if (quoted || byte == '"') {
            pretty_byte(text, byte);
            if (quoted && byte == '\\' && i + 1 < json.size)
                pretty_byte(text, (char)json.at[++i]);
            else if (byte == '"')
                quoted = !quoted;
            continue;
        }
        bool flat = i < flat_until;
        if (!flat && json_is_open(byte) &&
            pretty_span(json, i) + 2 * (size_t)depth < LINE_MAX_BYTES) {
            flat_until = i + pretty_span(json, i);
            flat = true;
        }
        if (!flat && (byte == '}' || byte == ']'))
            pretty_break(text, --depth);
        pretty_byte(text, byte);
        if (!flat && json_is_open(byte))
            pretty_break(text, ++depth);
        else if (byte == ',' && !flat)
            pretty_break(text, depth);
        else if (byte == ',' || byte == ':')
            text_put_words(text, " ");
    }
}

static void schema_example(struct text *text, const struct schema *schema)
{
    struct json_writer json;
    json_writer_init(&json, 0);
    example_put(&json, schema);
    text_put_words(text, "<pre><code>");
    pretty_put(text, json_writer_text(&json));
    text_put_words(text, "</code></pre>\n");
    text->failed = text->failed || json_writer_failed(&json);
    json_writer_done(&json);
}

/* ---- schemas -------------------------------------------------------------------------------- */
static void kind_words(struct text *text, const char *words)
{
    struct kind kind = kind_read(words);
    char word[64];
    const char *choice = kind.word;
    bool first = true;
    if (kind.list || kind.map)
        text_put_words(text, kind.list ? "list of " : "object of ");
    if (kind.schema != NULL) {
        text_put_format(text, "<a href=\"#schema-%s\">%s</a>", kind.word, kind.word);
    } else if (kind.choice) {
        while (word_next(&choice, '|', word, sizeof word)) {
            text_put_format(text, "%s<code>%s</code>", first ? "" : ", ", word);
            first = false;
        }
    } else if (strcmp(kind.word, "value") == 0) {
        text_put_words(text, "number, boolean or string");
    } else {
        text_put_words(text, strcmp(kind.word, "count") == 0 ? "integer" : kind.word);
    }
    if (kind.nullable)
        text_put_words(text, " or null");
}

static void schema_members(struct text *text, const struct schema *schema)
{
    text_put_words(text, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"");
    text_put_html(text, schema->name);
    text_put_words(text, "\"><table><thead><tr><th scope=\"col\">member</th><th "
                         "scope=\"col\">kind</th><th scope=\"col\">meaning</th></tr></thead>"
                         "<tbody>\n");
    for (const struct schema_member *member = schema->members; member->name; member++) {
        text_put_words(text, "<tr><th scope=\"row\"><code>");
        text_put_html(text, member->name);
        text_put_words(text, member->optional ? "</code> <small>optional</small></th><td>"
                                              : "</code></th><td>");
        kind_words(text, member->kind);
        text_put_words(text, "</td><td>");
        text_put_html(text, member->text);
        text_put_words(text, "</td></tr>\n");
    }
    text_put_words(text, "</tbody></table></div>\n");
}

static void schema_section(struct text *text, const struct schema *schema)
{
    char word[64];
    const char *words = schema->any_of;
    bool first = true;
    text_put_format(text, "<section id=\"schema-%s\"><h3>%s</h3><p>", schema->name, schema->name);
    text_put_html(text, schema->text);
    text_put_words(text, "</p>\n");
    if (schema->members != NULL) {
        schema_members(text, schema);
    } else {
        text_put_words(text, "<p>One of: ");
        while (word_next(&words, ' ', word, sizeof word)) {
            text_put_words(text, first ? "" : "; ");
            kind_words(text, word);
            first = false;
        }
        text_put_words(text, ".</p>\n");
    }
    text_put_words(text, "<details><summary>Example</summary>");
    schema_example(text, schema);
    text_put_words(text, "</details></section>\n");
}

/* ---- routes --------------------------------------------------------------------------------- */
static void parameter_row(struct text *text, const char *name, const char *place, const char *kind,
                          const char *words, bool repeats)
{
    text_put_format(text, "<tr><th scope=\"row\"><code>%s</code> <small>%s</small></th><td>", name,
                    place);
    kind_words(text, kind);
    text_put_words(text, repeats ? ", may repeat</td><td>" : "</td><td>");
    text_put_html(text, words);
    text_put_words(text, "</td></tr>\n");
}

static void route_parameters(struct text *text, const struct route *route)
{
    const struct route_note *note = route_note_find(route->name);
    const struct route_argument *argument = route_argument_find(route);
    bool header = note != NULL && note->header != NULL;
    if (argument == NULL && !header && route->parameters == NULL)
        return;
    text_put_format(text,
                    "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"parameters of "
                    "%s\"><table><thead><tr><th scope=\"col\">parameter</th><th "
                    "scope=\"col\">kind</th><th scope=\"col\">meaning</th></tr></thead><tbody>\n",
                    route->name);
    if (argument != NULL)
        parameter_row(text, argument->name, "path", "string", argument->text, false);
    for (const struct parameter *p = route->parameters; p != NULL && p->name != NULL; p++)
        parameter_row(text, p->name, "query", p->kind, p->text, p->repeats);
    if (header)
        parameter_row(text, note->header, "header", "string", note->header_text, false);
    text_put_words(text, "</tbody></table></div>\n");
}

static void schema_link(struct text *text, const char *name)
{
    text_put_format(text, "<a href=\"#schema-%s\">%s</a>", name, name);
}

static void route_body(struct text *text, const struct route *route)
{
    if (route->body == NULL)
        return;
    const struct schema *schema = schema_find(route->body);
    check(schema != NULL);
    text_put_words(text, "<p><b>Body</b>: ");
    schema_link(text, route->body);
    if (route->lines) {
        text_put_words(text, ", or NDJSON with a ");
        schema_link(text, schema->line != NULL ? schema->line : schema->name);
        text_put_words(text, " a line");
        if (schema->line_answer != NULL) {
            text_put_words(text, ", each answered by a ");
            schema_link(text, schema->line_answer);
        }
    }
    text_put_words(text, "</p>\n");
    schema_example(text, schema);
}

static void route_answer(struct text *text, const struct route *route)
{
    char word[16];
    const char *problems = route->problems != NULL ? route->problems : "";
    text_put_format(text, "<p><b>Answer</b>: %u %s", route->status,
                    http_status_text(route->status));
    if (route->answer != NULL) {
        text_put_words(text, ", ");
        schema_link(text, route->answer);
    }
    if (route->media != NULL) {
        text_put_words(text, route->answer != NULL ? ", a line each of <code>" : ", <code>");
        text_put_html(text, route->media);
        text_put_words(text, "</code>");
    }
    text_put_words(text, ". <b>Problems</b>: 400");
    while (word_next(&problems, ' ', word, sizeof word))
        text_put_format(text, ", %s", word);
    text_put_words(text, " (<a href=\"#schema-Problem\">Problem</a>)</p>\n");
    if (route->answer != NULL && strcmp(route->answer, "Openapi") != 0) {
        text_put_words(text, "<details><summary>Example of the answer</summary>");
        schema_example(text, schema_find(route->answer));
        text_put_words(text, "</details>\n");
    }
}

/* curl with the address of this very server, as it was asked for. */
static void route_curl(struct text *text, const struct route *route, const char *address)
{
    const struct route_note *note = route_note_find(route->name);
    if (note == NULL || note->arguments == NULL)
        return;
    const char *quote = strstr(note->arguments, "'/");
    check(quote != NULL);
    text_put_words(text, "<pre><code>curl ");
    for (const char *at = note->arguments; *at != '\0'; at++) {
        pretty_byte(text, *at);
        if (at == quote)
            text_put_html(text, address);
    }
    text_put_words(text, "</code></pre>\n");
}

static void route_article(struct text *text, const struct route *route, const char *address)
{
    const struct route_note *note = route_note_find(route->name);
    text_put_format(text, "<article id=\"%s\"><h3><span class=\"verb %s\">%s</span> <code>",
                    route->name, http_verb_text(route->verb), http_verb_text(route->verb));
    text_put_html(text, route->path);
    text_put_words(text, "</code></h3><p>");
    text_put_html(text, route->summary);
    text_put_words(text, ".");
    if (note != NULL && note->text != NULL) {
        text_put_words(text, " ");
        text_put_html(text, note->text);
    }
    text_put_words(text, "</p>\n");
    route_parameters(text, route);
    route_body(text, route);
    route_curl(text, route, address);
    route_answer(text, route);
    text_put_words(text, "</article>\n");
}

/* ---- the page ------------------------------------------------------------------------------- */
static void page_head(struct text *text)
{
    text_put_words(
        text, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
              "<meta name=\"color-scheme\" content=\"light dark\"><title>Mainstem: the HTTP "
              "API</title><link rel=\"stylesheet\" href=\"/docs.css\"></head><body>\n"
              "<a class=\"skip\" href=\"#main\">To the content</a><header><h1>Mainstem: the HTTP "
              "API</h1><p>Version " MAINSTEM_VERSION
              ". <a href=\"/\">Console</a>, <a href=\"/v1/openapi.json\">OpenAPI 3.1 "
              "document</a>.</p></header>\n<nav aria-label=\"Contents\"><ul>");
    for (size_t i = 0; i < route_heading_count; i++) {
        text_put_format(text, "<li><a href=\"#part-%s\">%s</a><ul>", route_headings[i].name,
                        route_headings[i].title);
        for (size_t j = 0; j < web_route_count; j++)
            if (strcmp(web_routes[j].tag, route_headings[i].name) == 0) {
                text_put_format(text, "<li><a href=\"#%s\">%s ", web_routes[j].name,
                                http_verb_text(web_routes[j].verb));
                text_put_html(text, web_routes[j].path);
                text_put_words(text, "</a></li>");
            }
        text_put_words(text, "</ul></li>\n");
    }
    text_put_words(text, "<li><a href=\"#part-messages\">Live messages</a></li><li><a "
                         "href=\"#part-schemas\">Schemas</a></li><li><a "
                         "href=\"#part-problems\">Problems</a></li></ul></nav>\n<main id=\"main\">"
                         "<p>");
    text_put_html(text, API_TEXT);
    text_put_words(text, "</p>\n");
}

static void page_messages(struct text *text)
{
    text_put_words(text, "<h2 id=\"part-messages\">Live messages</h2><p>Of <a "
                         "href=\"#openLive\">/v1/live</a>; those that are heard are also the data "
                         "of <a href=\"#streamEvents\">/v1/events</a>.</p>\n");
    for (unsigned said = 2; said-- > 0;) {
        text_put_format(text,
                        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"messages "
                        "%s\"><table><thead><tr><th scope=\"col\">%s</th><th "
                        "scope=\"col\">meaning</th></tr></thead><tbody>\n",
                        said ? "said" : "heard", said ? "the viewer says" : "and hears");
        for (size_t i = 0; i < live_message_count; i++)
            if (live_messages[i].said == (said != 0)) {
                text_put_words(text, "<tr><td><code>");
                text_put_html(text, live_messages[i].message);
                text_put_words(text, "</code></td><td>");
                text_put_html(text, live_messages[i].text);
                text_put_words(text, "</td></tr>\n");
            }
        text_put_words(text, "</tbody></table></div>\n");
    }
}

static void page_problems(struct text *text)
{
    text_put_words(text, "<h2 id=\"part-problems\">Problems</h2><p>An answer that is no success is "
                         "a <a href=\"#schema-Problem\">Problem</a>, application/problem+json; its "
                         "code is one of these.</p>\n<div class=\"wide\" tabindex=\"0\" "
                         "role=\"region\" aria-label=\"problem codes\"><table><thead><tr><th "
                         "scope=\"col\">code</th><th scope=\"col\">status</th><th "
                         "scope=\"col\">meaning, and what to do</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < problem_word_count; i++) {
        text_put_format(text, "<tr id=\"%s\"><th scope=\"row\"><code>%s</code></th><td>%s</td><td>",
                        problem_words[i].code, problem_words[i].code, problem_words[i].statuses);
        text_put_html(text, problem_words[i].text);
        text_put_words(text, "</td></tr>\n");
    }
    text_put_words(text, "</tbody></table></div>\n</main></body></html>\n");
}

static void page_put(struct text *text, const char *address)
{
    page_head(text);
    for (size_t i = 0; i < route_heading_count; i++) {
        text_put_format(text, "<h2 id=\"part-%s\">%s</h2><p>", route_headings[i].name,
                        route_headings[i].title);
        text_put_html(text, route_headings[i].text);
        text_put_words(text, "</p>\n");
        for (size_t j = 0; j < web_route_count; j++)
            if (strcmp(web_routes[j].tag, route_headings[i].name) == 0)
                route_article(text, &web_routes[j], address);
    }
    page_messages(text);
    text_put_words(text, "<h2 id=\"part-schemas\">Schemas</h2>\n");
    for (size_t i = 0; i < schema_count(); i++)
        schema_section(text, schema_at(i));
    page_problems(text);
}

enum handled handle_docs(struct exchange *exchange)
{
    struct text text = {.at = NULL};
    struct bytes host = exchange->request->authority;
    char address[300];
    snprintf(address, sizeof address, "http://%.*s", host.size < 256 ? (int)host.size : 256,
             host.size > 0 ? (const char *)host.at : "");
    page_put(&text, host.size > 0 ? address : "http://127.0.0.1:8080");
    exchange_header(exchange, "Content-Security-Policy", bytes_text(DOCS_POLICY));
    exchange_header(exchange, "Referrer-Policy", bytes_text("no-referrer"));
    enum handled handled =
        text.failed ? answer_problem(exchange, 503, "memory", NULL, "there is no memory: ask again")
                    : answer_content(exchange, 200, exchange->route->media, text_bytes(&text));
    text_done(&text);
    return handled;
}

/* ---- its style ------------------------------------------------------------------------------ */
static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b2733;--soft:#52606d;--page:#fff;--raised:#f3f6f8;"
    "--line:#d5dde3;--link:#0b5cad;--get:#0b6b3a;--post:#7a4b00;--change:#6a3ab2;--remove:#a8201a}"
    "\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#e4ebf1;--soft:#a3b1bd;--page:#12181e;"
    "--raised:#1b242c;--line:#33404b;--link:#7cb8f5;--get:#63cf96;--post:#e5b566;--change:#c3a1f7;"
    "--remove:#f58d87}}\n"
    "*{box-sizing:border-box}\n"
    "html{scroll-padding-top:1rem}\n"
    "body{margin:0 auto;max-width:76rem;padding:1rem;color:var(--ink);background:var(--page);"
    "font:16px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "a{color:var(--link)}a:focus-visible,summary:focus-visible,.wide:focus-visible{outline:3px "
    "solid var(--link);outline-offset:2px}\n"
    ".skip{position:absolute;left:-99rem}.skip:focus{left:1rem;background:var(--page)}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.35rem;margin:2.5rem 0 .5rem;"
    "border-bottom:1px solid var(--line)}h3{font-size:1.05rem;margin:0 0 .3rem}\n"
    "nav ul{list-style:none;margin:0;padding:0}nav li{margin:.2rem 0}nav ul ul{padding-left:1rem}\n"
    "nav>ul>li>a{font-weight:600}\n"
    "article,section{border:1px solid var(--line);border-radius:8px;padding:1rem;margin:1rem 0}\n"
    "article p,section p{margin:.4rem 0}\n"
    "code{font-family:ui-monospace,monospace;font-size:.9em}\n"
    "pre{background:var(--raised);border-radius:6px;padding:.7rem;margin:.6rem 0;"
    "white-space:pre-wrap}\n"
    ".verb{display:inline-block;font:600 .8rem/1.5 ui-monospace,monospace;padding:0 .45rem;"
    "border:1px solid;border-radius:4px;color:var(--get)}\n"
    ".POST{color:var(--post)}.PATCH{color:var(--change)}.DELETE{color:var(--remove)}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.6rem 0}\n"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;"
    "border-bottom:1px solid var(--line);font-weight:400}thead th{color:var(--soft)}\n"
    "tbody th code{font-weight:600}small{color:var(--soft)}summary{cursor:pointer}\n"
    "tr:target,article:target,section:target{background:var(--raised)}\n";
static const char style_wide[] =
    "@media (min-width:64rem){body{display:grid;grid-template-columns:17rem minmax(0,1fr);"
    "gap:0 2rem}header{grid-column:1/3}nav{position:sticky;top:1rem;align-self:start;"
    "max-height:calc(100vh - 2rem);overflow:auto;font-size:.9rem}}\n"
    "th,td{overflow-wrap:normal}td code{overflow-wrap:anywhere}\n"
    "@media (max-width:36rem){article,section{padding:.7rem}thead{display:none}tr,th,td{"
    "display:block;border:0;padding:0}tr{border-bottom:1px solid var(--line);padding:.4rem 0}}\n"
    "@media print{nav,.skip{display:none}}\n";

enum handled handle_docs_style(struct exchange *exchange)
{
    struct text text = {.at = NULL};
    text_put_words(&text, style);
    text_put_words(&text, style_wide);
    enum handled handled =
        text.failed ? answer_problem(exchange, 503, "memory", NULL, "there is no memory: ask again")
                    : answer_content(exchange, 200, exchange->route->media, text_bytes(&text));
    text_done(&text);
    return handled;
}

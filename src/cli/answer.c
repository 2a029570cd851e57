#include "cli/answer.h"

#include "cli/terminal.h"

#include <string.h>

#define ANSWER_WAIT_MS 20000

const json_t *answer_at(const json_t *answer, const char *name)
{
    while (answer != NULL && *name != 0) {
        char key[64];
        size_t size = strcspn(name, ".");
        check(size < sizeof key);
        memcpy(key, name, size);
        key[size] = 0;
        answer = json_object_get(answer, key);
        name += size + (name[size] == '.');
    }
    return answer;
}

uint64_t answer_count(const json_t *answer, const char *name)
{
    double real = answer_real(answer, name);
    const json_t *found = answer_at(answer, name);
    if (json_is_integer(found))
        return json_integer_value(found) > 0 ? (uint64_t)json_integer_value(found) : 0;
    return real > 0 && real < 1.8e19 ? (uint64_t)real : 0;
}

double answer_real(const json_t *answer, const char *name)
{
    return json_number_value(answer_at(answer, name));
}

const char *answer_text(const json_t *answer, const char *name)
{
    const char *text = json_string_value(answer_at(answer, name));
    return text != NULL ? text : "";
}

bool answer_is(const json_t *answer, const char *name)
{
    const json_t *found = answer_at(answer, name);
    return json_is_true(found) || json_number_value(found) != 0;
}

json_t *answer_ask(struct control *control, const char *verb, json_t *ask)
{
    json_t *answer = NULL;
    enum err err = ask == NULL ? ERR_NO_MEMORY : control_ask(control, ask, ANSWER_WAIT_MS, &answer);
    json_decref(ask);
    if (err != OK) {
        fail(verb, "the server did not answer: %s", err_text(err));
        return NULL;
    }
    if (json_object_get(answer, "error") != NULL) {
        fail(verb, "%s", answer_text(answer, "error"));
        json_decref(answer);
        return NULL;
    }
    return answer;
}

struct control *answer_open(const char *verb, const char *folder)
{
    struct control *control;
    enum err err = control_open(folder, &control);
    if (err == OK)
        return control;
    fail(verb,
         "no server works on %s; start one with `mainstem serve --data %s`, or name its folder "
         "with --data",
         folder, folder);
    return NULL;
}

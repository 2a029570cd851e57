/* What the tests of this folder share: points with a library beside them, and short ways to say
 * commands. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/library/library.h"

struct fixture {
    struct state *state;
    struct points *points;
    struct library *model;
    struct outcome outcome; /* of the last command */
    struct record_stamp stamp;
};

static inline void fixture_open_limited(struct fixture *f, const struct library_limits *limits)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(points_create(f->state, &points_limits_default, &f->points), OK);
    assert_int_equal(library_create(f->state, limits, &f->model), OK);
    f->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = 1000 * NS_PER_S};
}

static inline void fixture_open(struct fixture *f)
{
    fixture_open_limited(f, &library_limits_default);
}

static inline void fixture_close(struct fixture *f)
{
    library_destroy(f->model);
    points_destroy(f->points);
    state_destroy(f->state);
}

static inline enum outcome_code fixture_command(struct fixture *f, const struct command *command)
{
    struct fact fact = {.kind = FACT_MODULE, .command = *command};
    f->stamp.position++;
    f->stamp.wall_ns++;
    assert_int_equal(library_apply_fact(f->model, f->points, &fact, &f->stamp, &f->outcome), OK);
    assert_int_equal(f->outcome.position, f->stamp.position);
    return f->outcome.code;
}

/* A command under construction: forms are put into it. */
struct said {
    uint8_t bytes[FORM_BYTES_MAX];
    struct form_writer form;
    struct command command;
};

static inline void said_begin(struct said *said, enum command_kind kind, uint32_t tenant,
                              uint32_t number)
{
    said->form = (struct form_writer){.at = said->bytes, .capacity = sizeof said->bytes};
    said->command = (struct command){.kind = (uint8_t)kind,
                                     .tenant = tenant,
                                     .module = {.number = number},
                                     .actor = {.door = ACTOR_HTTP, .name = bytes_text("ann")}};
}

static inline enum outcome_code said_run(struct said *said, struct fixture *f)
{
    assert_true(form_end(&said->form, &said->command.module.form));
    return fixture_command(f, &said->command);
}

static inline void said_version(struct said *said, uint8_t seed, uint64_t size)
{
    uint8_t hash[DOCUMENT_HASH_SIZE];
    memset(hash, seed, sizeof hash);
    form_put_integer(&said->form, DOCUMENT_TAG_MEDIA, DOCUMENT_TEXT);
    form_put_text(&said->form, DOCUMENT_TAG_HASH, bytes_of(hash, sizeof hash));
    form_put_integer(&said->form, DOCUMENT_TAG_SIZE, (int64_t)size);
}

/* A document of 100 bytes of this name, made or given a version. */
static inline enum outcome_code fixture_document(struct fixture *f, uint32_t tenant,
                                                 const char *name, uint8_t seed)
{
    struct said said;
    said_begin(&said, COMMAND_DOCUMENT_SET, tenant, 0);
    form_put_text(&said.form, DOCUMENT_TAG_NAME, bytes_text(name));
    said_version(&said, seed, 100);
    return said_run(&said, f);
}

static inline enum outcome_code fixture_board(struct fixture *f, uint32_t tenant, const char *name,
                                              uint32_t owner, struct bytes content)
{
    struct said said;
    said_begin(&said, COMMAND_BOARD_SET, tenant, 0);
    form_put_text(&said.form, BOARD_TAG_NAME, bytes_text(name));
    form_put_integer(&said.form, BOARD_TAG_OWNER, owner);
    form_put_text(&said.form, BOARD_TAG_CONTENT, content);
    return said_run(&said, f);
}

static inline enum outcome_code fixture_remove(struct fixture *f, enum command_kind kind,
                                               uint32_t tenant, uint32_t number)
{
    struct said said;
    said_begin(&said, kind, tenant, number);
    return said_run(&said, f);
}

static inline void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}

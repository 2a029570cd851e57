/* commands: wishes sent to the house, one at a time, and what a correct house answers. A command
 * whose answer was lost is sent again under its own key until it is answered: done once, whatever
 * happened between. */
#pragma once

#include "model/access/access.h"
#include "model/points/points.h"
#include "random.h"

#define COMMAND_PATHS 12
#define COMMAND_CLIENTS 4

struct wish {
    uint8_t kind;
    bool free_key;
    unsigned client;
    uint64_t number; /* sequence, or part of the free key */
    unsigned path, new_path;
    unsigned unit;
    bool again; /* sent before */
    bool answered;
    enum outcome_code code; /* the effective one, once answered */
    uint32_t point, made;   /* made: number of the account */
};
struct commands {
    struct random *random;
    bool exists[COMMAND_PATHS];
    unsigned units[COMMAND_PATHS];
    uint32_t accounts[COMMAND_PATHS]; /* numbers; 0: there is none of this name */
    struct outcome told;              /* the last outcome that came */
    bool told_access;                 /* of a command about access: that is its own audit */
    struct wish wish;                 /* waiting or last answered */
    bool waiting, sent;
    struct wish last[COMMAND_CLIENTS]; /* answered ones, for asking twice */
    uint64_t numbers;
    uint64_t tag;
};
void commands_init(struct commands *commands, struct random *random);
/* A new wish, or one answered before to be asked twice. */
void commands_next(struct commands *commands);
struct command_text {
    char path[32], new_path[32], client[16], key[32], unit[16], account[16];
};
/* The wish as a command; views point into text. */
struct command commands_command(const struct commands *commands, struct command_text *text);
/* NULL: the outcome is right (and the model moves on); else what is wrong with it. */
const char *commands_answer(struct commands *commands, const struct outcome *outcome);
/* NULL, or what in the live points, the accounts or the audit is not as answered. */
const char *commands_compare(const struct commands *commands, const struct points *points,
                             const struct access_model *access);

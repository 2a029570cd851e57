/* Conditions by chance, and a second opinion on them: a tree is made from dice, written as text in
 * a careless way (parentheses and blanks too many), and evaluated by walking over it, with none of
 * the room's own ways: no stack, no leaps, no cells but the whole history of each point. */
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "condition/test_house.h"
#include "base/test_random.h"

#define RANDOM_TREE_MAX 160
#define RANDOM_POINTS 6
#define RANDOM_HISTORY_MAX 40

__extension__ typedef __int128 wide_integer;

struct dice {
    const uint8_t *at; /* bytes of a fuzzer first, then the seed */
    size_t size;
    uint64_t seed;
};
static inline unsigned dice_roll(struct dice *dice, unsigned sides)
{
    if (dice->size > 0) {
        dice->size--;
        return *dice->at++ % sides;
    }
    return (unsigned)(test_random(&dice->seed) % sides);
}

/* What is wanted of a subtree. */
enum want { WANT_NUMBER, WANT_BOOL, WANT_TEXT, WANT_SPAN };
struct twig {
    const char *word; /* "+", "if", "each", "p", ...: what it is */
    int below[3], belows;
    int number; /* of a point or set, of a span its ms, of a timer */
    char text[40];
};
struct guess { /* a value as this file sees it */
    enum { G_UNKNOWN, G_INT, G_REAL, G_BOOL, G_TEXT, G_RANGE } kind;
    int64_t i, most;
    double r;
    struct bytes text;
};
struct random_house {
    struct dice dice;
    struct twig twigs[RANDOM_TREE_MAX];
    int twigs_count, timers;
    bool in_set, over;
    char text[CONDITION_TEXT_MAX + 64];
    size_t size;
    struct house house;
    struct condition_sample history[RANDOM_POINTS][RANDOM_HISTORY_MAX];
    size_t seen[RANDOM_POINTS];
    uint16_t run, stop;
    const struct condition_sample *member;
    int64_t now_ns;
};

/* ---- making a tree ---- */
static inline int twig_new(struct random_house *random, const char *word)
{
    if (random->twigs_count == RANDOM_TREE_MAX) {
        random->over = true;
        return RANDOM_TREE_MAX - 1;
    }
    random->twigs[random->twigs_count] = (struct twig){.word = word};
    return random->twigs_count++;
}

static int twig_make(struct random_house *random, enum want want, int depth);

static inline int twig_over(struct random_house *random, const char *word, int belows,
                            const enum want *wants, int depth)
{
    int below[3] = {0, 0, 0}, twig;
    for (int i = 0; i < belows; i++)
        below[i] = twig_make(random, wants[i], depth - 1);
    twig = twig_new(random, word);
    memcpy(random->twigs[twig].below, below, sizeof below);
    random->twigs[twig].belows = belows;
    return twig;
}

static inline int twig_literal(struct random_house *random, enum want want)
{
    static const char *const numbers[] = {"0",
                                          "1",
                                          "2",
                                          "7",
                                          "80",
                                          "9223372036854775807",
                                          "9007199254740993",
                                          "0.5",
                                          "1e308",
                                          "0.1",
                                          "3.",
                                          "5e-324",
                                          "2.5",
                                          "1e19",
                                          "100"};
    static const char *const spans[] = {"1s", "500ms", "90s", "2m", "1h", "1d"};
    static const int spans_ms[] = {1000, 500, 90000, 120000, 3600000, 86400000};
    int twig = twig_new(random, want == WANT_TEXT ? "text" : want == WANT_SPAN ? "span" : "number");
    unsigned roll = dice_roll(&random->dice, want == WANT_SPAN ? 6 : ARRAY_COUNT(numbers));
    struct twig *made = &random->twigs[twig];
    if (want == WANT_SPAN)
        made->number = spans_ms[roll];
    strcpy(made->text, want == WANT_TEXT   ? roll % 2 ? "auto" : "x\"y"
                       : want == WANT_SPAN ? spans[roll]
                       : roll == 10        ? "3.0"
                                           : numbers[roll]);
    return twig;
}

/* A point; in a set now and then the point of the set. */
static inline int twig_point(struct random_house *random, const char *word)
{
    bool each = random->in_set && dice_roll(&random->dice, 2) == 0;
    int twig = twig_new(random, word);
    random->twigs[twig].number = each ? -1 : (int)dice_roll(&random->dice, RANDOM_POINTS);
    return twig;
}

static inline int twig_set(struct random_house *random, const char *word, enum want body, int depth)
{
    random->in_set = true;
    int set = (int)dice_roll(&random->dice, 2);
    int below = twig_make(random, body, depth - 1);
    random->in_set = false;
    int twig = twig_new(random, word);
    random->twigs[twig].number = set;
    random->twigs[twig].below[0] = below;
    random->twigs[twig].belows = 1;
    return twig;
}

static inline int twig_back(struct random_house *random, const char *word, bool span)
{
    int point = (int)dice_roll(&random->dice, RANDOM_POINTS);
    int below = span ? twig_literal(random, WANT_SPAN) : 0;
    int twig = twig_new(random, word);
    random->twigs[twig].number = point;
    random->twigs[twig].below[0] = below;
    random->twigs[twig].belows = span;
    return twig;
}

static inline int twig_number(struct random_house *random, int depth)
{
    static const char *const binary[] = {"+", "-", "*", "/", "%", "min", "max"};
    static const char *const unary[] = {"minus", "abs", "round", "sqrt"};
    static const char *const sets[] = {"sum", "mean", "least", "greatest", "count"};
    static const enum want numbers[] = {WANT_NUMBER, WANT_NUMBER, WANT_NUMBER};
    static const enum want choice[] = {WANT_BOOL, WANT_NUMBER, WANT_NUMBER};
    static const enum want spans[] = {WANT_SPAN, WANT_SPAN};
    unsigned roll = dice_roll(&random->dice, random->in_set ? 10 : 14);
    if (roll < 5)
        return twig_over(random, binary[dice_roll(&random->dice, 7)], 2, numbers, depth);
    if (roll < 7)
        return twig_over(random, unary[dice_roll(&random->dice, 4)], 1, numbers, depth);
    if (roll == 7)
        return twig_over(random, "clamp", 3, numbers, depth);
    if (roll == 8)
        return twig_over(random, "if", 3, choice, depth);
    if (roll == 9)
        return twig_over(random, "/", 2, spans, depth);
    if (roll == 10)
        return twig_back(random, "delta", false);
    if (roll == 11)
        return twig_back(random, dice_roll(&random->dice, 2) ? "rate" : "previous", false);
    unsigned set = dice_roll(&random->dice, 5);
    return twig_set(random, sets[set], set == 4 ? WANT_BOOL : WANT_NUMBER, depth);
}

static inline int twig_bool(struct random_house *random, int depth)
{
    static const char *const compares[] = {"==", "!=", "<", "<=", ">", ">="};
    static const enum want numbers[] = {WANT_NUMBER, WANT_NUMBER}, texts[] = {WANT_TEXT, WANT_TEXT},
                           spans[] = {WANT_SPAN, WANT_SPAN},
                           bools[] = {WANT_BOOL, WANT_BOOL, WANT_BOOL};
    unsigned roll = dice_roll(&random->dice, random->in_set ? 13 : 17);
    if (roll < 4)
        return twig_over(random, compares[dice_roll(&random->dice, 6)], 2, numbers, depth);
    if (roll < 7)
        return twig_over(random, roll % 2 ? "and" : "or", 2, bools, depth);
    if (roll == 7)
        return twig_over(random, "not", 1, bools, depth);
    if (roll == 8)
        return twig_over(random, compares[dice_roll(&random->dice, 2)], 2, texts, depth);
    if (roll == 9)
        return twig_over(random, compares[dice_roll(&random->dice, 6)], 2, spans, depth);
    if (roll == 10)
        return twig_over(random, "if", 3, bools, depth);
    if (roll == 11)
        return twig_point(random, dice_roll(&random->dice, 2) ? "good" : "bad");
    if (roll == 12)
        return twig_over(random, dice_roll(&random->dice, 2) ? "==" : "!=", 2, bools, depth);
    if (roll == 13)
        return twig_back(random, "changed", false);
    if (roll == 14) {
        int twig = twig_over(random, "for", 1, bools, depth);
        random->twigs[twig].number = random->timers++;
        return twig;
    }
    return twig_set(random, roll == 15 ? "any" : "all", WANT_BOOL, depth);
}

static int twig_make(struct random_house *random, enum want want, int depth)
{
    bool leaf = depth <= 0 || random->over || dice_roll(&random->dice, 6) == 0;
    if (leaf && want == WANT_BOOL && dice_roll(&random->dice, 4) == 0)
        return twig_new(random, dice_roll(&random->dice, 2) ? "true" : "false");
    if (want == WANT_SPAN)
        return dice_roll(&random->dice, 2) ? twig_literal(random, want) : twig_point(random, "age");
    if (want == WANT_TEXT || (leaf && want == WANT_NUMBER))
        return dice_roll(&random->dice, 3) == 0 ? twig_literal(random, want)
                                                : twig_point(random, "p");
    if (leaf)
        return twig_point(random, "p");
    return want == WANT_NUMBER ? twig_number(random, depth) : twig_bool(random, depth);
}

/* ---- writing it ---- */
static inline void write_text(struct random_house *random, const char *text)
{
    size_t size = strlen(text);
    if (size > sizeof random->text - 1 - random->size) {
        random->over = true;
        return;
    }
    memcpy(random->text + random->size, text, size + 1);
    random->size += size;
}

static inline void write_point(struct random_house *random, int number)
{
    static const char *const names[RANDOM_POINTS] = {"p0",     "plant/p-1", "'p 2'",
                                                     "../p.3", ".",         "{p5}"};
    write_text(random, number < 0 ? "each" : names[number]);
}

static void write_twig(struct random_house *random, int number);

static inline void write_call(struct random_house *random, const struct twig *twig,
                              const char *name, bool point)
{
    static const char *const patterns[] = {"'s/+/a'", "'../#'"};
    bool set = strcmp(twig->word, "any") == 0 || strcmp(twig->word, "all") == 0 ||
               strcmp(twig->word, "count") == 0 || strcmp(twig->word, "sum") == 0;
    bool least = strcmp(twig->word, "mean") == 0 || strcmp(twig->word, "least") == 0 ||
                 strcmp(twig->word, "greatest") == 0;
    write_text(random, name);
    write_text(random, dice_roll(&random->dice, 4) ? "(" : " ( ");
    if (set || least) {
        /* The pattern has to be in it: as the first argument, or in a choice that changes nothing.
         */
        write_text(random, set ? "" : "if(true or good(");
        write_text(random, patterns[twig->number]);
        write_text(random, set ? ", if(true or good(each), " : "), ");
        write_twig(random, twig->below[0]);
        write_text(random, set && strcmp(twig->word, "sum") != 0 ? ", true)" : ", 0)");
    } else if (point) {
        write_point(random, twig->number);
    }
    for (int i = 0; i < twig->belows && !set && !least; i++) {
        write_text(random, i > 0 || point ? ", " : "");
        write_twig(random, twig->below[i]);
    }
    write_text(random, ")");
}

static inline void write_infix(struct random_house *random, const struct twig *twig)
{
    if (twig->belows == 1) {
        write_text(random, strcmp(twig->word, "not") == 0
                               ? dice_roll(&random->dice, 2) ? "not " : "!"
                           : strcmp(twig->word, "minus") == 0 ? "-"
                                                              : "");
        write_twig(random, twig->below[0]);
        write_text(random, strcmp(twig->word, "for") == 0 ? " for 30s" : "");
        return;
    }
    write_twig(random, twig->below[0]);
    write_text(random, dice_roll(&random->dice, 3) ? " " : "\n  ");
    write_text(random,
               strcmp(twig->word, "and") == 0 && dice_roll(&random->dice, 2) ? "&&" : twig->word);
    write_text(random, " ");
    write_twig(random, twig->below[1]);
}

static void write_twig(struct random_house *random, int number)
{
    static const char *const calls[] = {"if",  "abs",  "round", "sqrt",    "clamp",
                                        "min", "max",  "any",   "all",     "count",
                                        "sum", "mean", "least", "greatest"};
    static const char *const points[] = {"good", "bad",      "age",    "delta",
                                         "rate", "previous", "changed"};
    const struct twig *twig = &random->twigs[number];
    if (strcmp(twig->word, "p") == 0) {
        write_point(random, twig->number);
    } else if (strcmp(twig->word, "text") == 0) {
        write_text(random, strcmp(twig->text, "auto") == 0 ? "\"auto\"" : "\"x\"\"y\"");
    } else if (twig->text[0] != 0 || twig->word[0] == 't' || strcmp(twig->word, "false") == 0) {
        write_text(random, twig->text[0] != 0 ? twig->text : twig->word);
    } else {
        for (size_t i = 0; i < ARRAY_COUNT(points); i++)
            if (strcmp(points[i], twig->word) == 0) {
                write_call(random, twig, twig->word, true);
                return;
            }
        for (size_t i = 0; i < ARRAY_COUNT(calls); i++)
            if (strcmp(calls[i], twig->word) == 0) {
                const char *name = strcmp(twig->word, "least") == 0      ? "min"
                                   : strcmp(twig->word, "greatest") == 0 ? "max"
                                                                         : twig->word;
                write_call(random, twig, name, false);
                return;
            }
        write_text(random, "(");
        write_infix(random, twig);
        write_text(random, ")");
    }
}

/* ---- the second opinion ---- */
static inline struct guess guess_real(double r)
{
    struct guess guess = {.kind = isfinite(r) ? G_REAL : G_UNKNOWN, .r = r};
    return guess;
}
static inline struct guess guess_int(wide_integer wide)
{
    struct guess guess = {.kind = G_INT, .i = (int64_t)wide};
    return guess;
}
static inline struct guess guess_bool(bool truth)
{
    return (struct guess){.kind = G_BOOL, .i = truth};
}
static inline bool guess_counts(const struct guess *guess)
{
    return guess->kind == G_INT || guess->kind == G_REAL || guess->kind == G_BOOL;
}
static inline double guess_double(const struct guess *guess)
{
    return guess->kind == G_REAL ? guess->r : (double)guess->i;
}

static inline struct guess guess_value(const struct condition_sample *sample)
{
    struct guess guess = {.kind = G_UNKNOWN};
    if (sample == NULL || !sample->value.present || (sample->value.quality & 0xc0) != 0)
        return guess;
    guess.i = sample->value.number;
    guess.kind = sample->value.type == VALUE_INT64  ? G_INT
                 : sample->value.type == VALUE_BOOL ? G_BOOL
                                                    : G_TEXT;
    guess.text = sample->value.text;
    return sample->value.type == VALUE_FLOAT64 ? guess_real(value_real(&sample->value)) : guess;
}

static inline int guess_truth(const struct guess *guess) /* 0, 1, 2: unknown */
{
    return guess_counts(guess) ? guess_double(guess) != 0 : 2;
}

static inline struct guess guess_binary(const char *word, struct guess a, struct guess b)
{
    struct guess unknown = {.kind = G_UNKNOWN};
    bool ints = a.kind != G_REAL && b.kind != G_REAL;
    double x = guess_double(&a), y = guess_double(&b);
    if (!guess_counts(&a) || !guess_counts(&b))
        return unknown;
    if (strcmp(word, "min") == 0 || strcmp(word, "max") == 0) {
        bool first = ints             ? word[1] == 'i' ? a.i <= b.i : a.i >= b.i
                     : word[1] == 'i' ? x <= y
                                      : x >= y;
        struct guess chosen = first ? a : b;
        return chosen.kind == G_REAL ? chosen : guess_int(chosen.i);
    }
    if ((word[0] == '/' || word[0] == '%') && y == 0)
        return unknown;
    if (ints) {
        wide_integer wide = word[0] == '+'   ? (wide_integer)a.i + b.i
                            : word[0] == '-' ? (wide_integer)a.i - b.i
                            : word[0] == '*' ? (wide_integer)a.i * b.i
                            : word[0] == '/' ? (wide_integer)a.i / b.i
                                             : (wide_integer)a.i % b.i;
        bool whole = word[0] != '/' || (wide_integer)a.i % b.i == 0;
        if (whole && wide >= INT64_MIN && wide <= INT64_MAX)
            return guess_int(wide);
    }
    return guess_real(word[0] == '+'   ? x + y
                      : word[0] == '-' ? x - y
                      : word[0] == '*' ? x * y
                      : word[0] == '/' ? x / y
                                       : fmod(x, y));
}

static inline struct guess guess_unary(const char *word, struct guess a)
{
    if (!guess_counts(&a))
        return (struct guess){.kind = G_UNKNOWN};
    if (word[0] == 's')
        return guess_real(sqrt(guess_double(&a)));
    if (a.kind == G_REAL)
        return guess_real(word[0] == 'm' ? -a.r : word[0] == 'a' ? fabs(a.r) : round(a.r));
    wide_integer wide = word[0] == 'r' || (word[0] == 'a' && a.i >= 0) ? a.i : -(wide_integer)a.i;
    return wide > INT64_MAX ? guess_real((double)wide) : guess_int(wide);
}

static inline bool guess_order(const char *word, const struct guess *a, const struct guess *b)
{
    bool ints = a->kind != G_REAL && b->kind != G_REAL;
    double x = guess_double(a), y = guess_double(b);
    bool less = ints ? a->i < b->i : x < y, same = ints ? a->i == b->i : x == y;
    return strcmp(word, "==") == 0   ? same
           : strcmp(word, "!=") == 0 ? !same
           : strcmp(word, "<") == 0  ? less
           : strcmp(word, "<=") == 0 ? less || same
           : strcmp(word, ">") == 0  ? !less && !same
                                     : !less;
}

static inline struct guess guess_compare(const char *word, struct guess a, struct guess b)
{
    struct guess unknown = {.kind = G_UNKNOWN};
    if (a.kind == G_TEXT && b.kind == G_TEXT)
        return word[1] == '=' && (word[0] == '=' || word[0] == '!')
                   ? guess_bool(bytes_equal(a.text, b.text) == (word[0] == '='))
                   : unknown;
    if (a.kind != G_RANGE && b.kind != G_RANGE)
        return guess_counts(&a) && guess_counts(&b) ? guess_bool(guess_order(word, &a, &b))
                                                    : unknown;
    /* Whatever the counts may be: is it always so? */
    bool some = false, other = false,
         between = word[1] == '=' && (word[0] == '=' || word[0] == '!');
    for (int64_t i = 0; i <= (a.kind == G_RANGE ? a.most - a.i : 0); i++)
        for (int64_t k = 0; k <= (b.kind == G_RANGE ? b.most - b.i : 0); k++) {
            struct guess x = a.kind == G_RANGE ? guess_int(a.i + i) : a;
            struct guess y = b.kind == G_RANGE ? guess_int(b.i + k) : b;
            if (!guess_counts(&x) || !guess_counts(&y))
                return unknown;
            bool so = guess_order(word, &x, &y);
            some = some || so;
            other = other || !so;
        }
    /* What lies between two whole numbers, and is none, is left open. */
    if (between && some == other)
        return unknown;
    const struct guess *number = a.kind == G_RANGE ? &b : &a;
    const struct guess *range = a.kind == G_RANGE ? &a : &b;
    if (between && number->kind == G_REAL && number->r > (double)range->i &&
        number->r < (double)range->most)
        return unknown;
    return some && other ? unknown : guess_bool(some);
}

static struct guess guess_twig(struct random_house *random, int number);

static inline const struct condition_sample *guess_sample(struct random_house *random, int point)
{
    if (point < 0)
        return random->member;
    if (!random->house.points[point].there)
        return NULL;
    return &random->house.points[point].sample;
}

/* The good samples of a point's history: the newest, or the one before. */
static inline const struct condition_sample *guess_past(struct random_house *random, int point,
                                                        size_t back)
{
    for (size_t i = random->seen[point]; i-- > 0;) {
        const struct condition_sample *sample = &random->history[point][i];
        if (guess_value(sample).kind != G_UNKNOWN && back-- == 0)
            return sample;
    }
    return NULL;
}

static inline struct guess guess_back(struct random_house *random, const struct twig *twig)
{
    struct guess unknown = {.kind = G_UNKNOWN};
    const struct condition_sample *now = guess_sample(random, twig->number);
    const struct condition_sample *last = guess_past(random, twig->number, 0);
    const struct condition_sample *before = guess_past(random, twig->number, 1);
    if (guess_value(now).kind == G_UNKNOWN || last == NULL || before == NULL)
        return unknown;
    struct guess a = guess_value(last), b = guess_value(before);
    if (strcmp(twig->word, "previous") == 0)
        return b.kind == G_TEXT ? unknown : b;
    if (strcmp(twig->word, "changed") == 0) {
        if (a.kind == G_TEXT || b.kind == G_TEXT)
            return guess_bool(a.kind != b.kind || !bytes_equal(a.text, b.text));
        return guess_compare("!=", a, b);
    }
    struct guess delta = guess_binary("-", a, b);
    if (strcmp(twig->word, "delta") == 0 || delta.kind == G_UNKNOWN)
        return delta;
    return guess_real(guess_double(&delta) / ((double)(last->time_ns - before->time_ns) / 1e9));
}

static inline struct guess guess_set(struct random_house *random, const struct twig *twig)
{
    struct guess sum = {.kind = G_UNKNOWN};
    int64_t trues = 0, falses = 0, unknowns = 0, knowns = 0;
    bool numbers = strcmp(twig->word, "any") != 0 && strcmp(twig->word, "all") != 0 &&
                   strcmp(twig->word, "count") != 0;
    for (size_t i = 0; i < random->house.sets[twig->number].count; i++) {
        random->member = &random->house.sets[twig->number].members[i];
        struct guess guess = guess_twig(random, twig->below[0]);
        int truth = guess_truth(&guess);
        trues += truth == 1;
        falses += truth == 0;
        unknowns += truth == 2;
        if (!numbers || truth == 2)
            continue;
        if (guess.kind == G_BOOL)
            guess = guess_int(guess.i);
        sum = knowns++ == 0                         ? guess
              : strcmp(twig->word, "least") == 0    ? guess_binary("min", sum, guess)
              : strcmp(twig->word, "greatest") == 0 ? guess_binary("max", sum, guess)
                                                    : guess_binary("+", sum, guess);
    }
    random->member = NULL;
    struct guess unknown = {.kind = G_UNKNOWN};
    if (strcmp(twig->word, "any") == 0)
        return trues ? guess_bool(true) : unknowns ? unknown : guess_bool(false);
    if (strcmp(twig->word, "all") == 0)
        return falses ? guess_bool(false) : unknowns || !trues ? unknown : guess_bool(true);
    if (strcmp(twig->word, "count") == 0) {
        struct guess range = {
            .kind = unknowns ? G_RANGE : G_INT, .i = trues, .most = trues + unknowns};
        return range;
    }
    if (strcmp(twig->word, "sum") == 0)
        return unknowns ? unknown : knowns ? sum : guess_int(0);
    return knowns == 0                       ? unknown
           : strcmp(twig->word, "mean") == 0 ? guess_binary("/", sum, guess_int(knowns))
                                             : sum;
}

static inline struct guess guess_logic(const char *word, struct guess a, struct guess b)
{
    int x = guess_truth(&a), y = guess_truth(&b), decides = word[0] == 'o';
    if (x == decides || y == decides)
        return guess_bool(decides);
    return x == 2 || y == 2 ? (struct guess){.kind = G_UNKNOWN} : guess_bool(!decides);
}

static inline struct guess guess_of_point(struct random_house *random, const struct twig *twig)
{
    const struct condition_sample *sample = guess_sample(random, twig->number);
    bool there = sample != NULL && sample->value.present;
    if (twig->word[0] == 'p')
        return guess_value(sample);
    if (twig->word[0] == 'g')
        return guess_bool(there && sample->value.quality < 0x40);
    if (twig->word[0] == 'b')
        return guess_bool(!there || sample->value.quality >= 0x80);
    if (sample == NULL || sample->heard_ns == CONDITION_TIME_NONE)
        return (struct guess){.kind = G_UNKNOWN};
    int64_t age = random->now_ns - sample->heard_ns;
    return guess_int(age < 0 ? 0 : age);
}

static inline struct guess guess_literal(const struct twig *twig)
{
    struct guess guess = {.kind = G_TEXT, .text = bytes_text(twig->text)};
    if (strcmp(twig->word, "text") == 0)
        return guess;
    if (strcmp(twig->word, "span") == 0)
        return guess_int((int64_t)twig->number * NS_PER_MS);
    if (strpbrk(twig->text, ".e") != NULL)
        return guess_real(strtod(twig->text, NULL));
    return guess_int(strtoll(twig->text, NULL, 10));
}

static struct guess guess_twig(struct random_house *random, int number)
{
    const struct twig *twig = &random->twigs[number];
    const char *word = twig->word;
    struct guess below[3] = {{.kind = G_UNKNOWN}};
    if (twig->text[0] != 0)
        return guess_literal(twig);
    if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
        return guess_bool(word[0] == 't');
    if (strcmp(word, "p") == 0 || strcmp(word, "good") == 0 || strcmp(word, "bad") == 0 ||
        strcmp(word, "age") == 0)
        return guess_of_point(random, twig);
    if (strcmp(word, "delta") == 0 || strcmp(word, "rate") == 0 || strcmp(word, "previous") == 0 ||
        strcmp(word, "changed") == 0)
        return guess_back(random, twig);
    if (strstr("any all count sum mean least greatest", word) != NULL)
        return guess_set(random, twig);
    for (int i = 0; i < twig->belows; i++)
        below[i] = guess_twig(random, twig->below[i]);
    int truth = guess_truth(&below[0]);
    if (strcmp(word, "if") == 0)
        return truth == 2 ? (struct guess){.kind = G_UNKNOWN} : below[truth ? 1 : 2];
    if (strcmp(word, "and") == 0 || strcmp(word, "or") == 0)
        return guess_logic(word, below[0], below[1]);
    if (strcmp(word, "not") == 0)
        return truth == 2 ? (struct guess){.kind = G_UNKNOWN} : guess_bool(!truth);
    if (strcmp(word, "for") == 0) {
        random->run |= (uint16_t)((truth == 1) << twig->number);
        random->stop |= (uint16_t)((truth == 0) << twig->number);
        return truth == 2 ? (struct guess){.kind = G_UNKNOWN}
                          : guess_bool(truth && (random->house.elapsed >> twig->number & 1));
    }
    if (strcmp(word, "clamp") == 0) {
        struct guess order = guess_compare("<=", below[1], below[2]);
        if (order.kind != G_BOOL || !order.i)
            return (struct guess){.kind = G_UNKNOWN};
        return guess_binary("min", guess_binary("max", below[0], below[1]), below[2]);
    }
    if (twig->belows == 1)
        return guess_unary(word, below[0]);
    return strchr("=!<>", word[0]) != NULL ? guess_compare(word, below[0], below[1])
                                           : guess_binary(word, below[0], below[1]);
}

/* ---- a house by chance ---- */
static inline struct value random_value(struct dice *dice)
{
    static const int64_t integers[] = {0, 1, 2, 7, -1, 80, INT64_MAX, INT64_MIN, 1LL << 53};
    static const uint8_t qualities[] = {
        0, 0, 0, 0, 0, QUALITY_GOOD_EDITED, QUALITY_UNCERTAIN, QUALITY_BAD};
    struct value value;
    switch (dice_roll(dice, 5)) {
    case 0:
        value = house_integer(integers[dice_roll(dice, 9)]);
        break;
    case 1:
        value = house_bool(dice_roll(dice, 2));
        break;
    case 2:
        value = house_text(dice_roll(dice, 2) ? "auto" : "manual");
        break;
    case 3:
        value = value_of_real(dice_roll(dice, 2) ? -1e308 : 0.1 * dice_roll(dice, 30));
        break;
    default:
        value = value_of_real((double)dice_roll(dice, 200) / 2 - 10);
    }
    value.quality = qualities[dice_roll(dice, 8)];
    value.present = dice_roll(dice, 16) != 0;
    return value;
}

static inline struct condition_sample random_sample(struct random_house *random)
{
    struct condition_sample sample = {.value = random_value(&random->dice),
                                      .time_ns =
                                          random->now_ns - dice_roll(&random->dice, 3) * NS_PER_S};
    sample.heard_ns = dice_roll(&random->dice, 8)
                          ? random->now_ns - dice_roll(&random->dice, 100) * NS_PER_S
                          : CONDITION_TIME_NONE;
    return sample;
}

/* What came since the last step: some points have a new sample, later than all before. */
static inline void random_step(struct random_house *random, const struct condition *condition)
{
    static const char *const names[RANDOM_POINTS] = {"p0", "plant/p-1", "p 2", "../p.3", ".", "p5"};
    struct house *house = &random->house;
    random->now_ns += 5 * NS_PER_S;
    house->points_count = RANDOM_POINTS;
    house->sets_count = 2;
    house->sets[0].pattern = "s/+/a";
    house->sets[1].pattern = "../#";
    house->elapsed = (uint16_t)(dice_roll(&random->dice, 256) * 257);
    for (size_t i = 0; i < RANDOM_POINTS; i++) {
        if (dice_roll(&random->dice, 3) == 0)
            continue;
        house->points[i] = (struct house_point){names[i], dice_roll(&random->dice, 16) != 0,
                                                random_sample(random)};
    }
    for (size_t i = 0; i < RANDOM_POINTS; i++)
        house->points[i].name = names[i];
    for (size_t set = 0; set < 2; set++) {
        house->sets[set].count = dice_roll(&random->dice, HOUSE_MEMBERS_MAX);
        for (size_t i = 0; i < house->sets[set].count; i++)
            house->sets[set].members[i] = random_sample(random);
    }
    /* Cells learn of the points that the condition names, and of what is there. */
    for (unsigned i = 0; i < condition_references(condition); i++) {
        struct bytes text = condition_reference(condition, i).text;
        for (size_t k = 0; k < RANDOM_POINTS; k++) {
            const struct house_point *point = &house->points[k];
            size_t seen = random->seen[k];
            if (!bytes_equal(text, bytes_text(names[k])) || !point->there ||
                (seen > 0 && random->history[k][seen - 1].time_ns == point->sample.time_ns) ||
                seen == RANDOM_HISTORY_MAX)
                continue;
            random->history[k][random->seen[k]++] = point->sample;
        }
    }
}

static inline void random_make(struct random_house *random, struct dice dice)
{
    memset(random, 0, sizeof *random);
    random->dice = dice;
    random->now_ns = HOUSE_NOW;
    int root = twig_make(random, WANT_BOOL, 2 + (int)dice_roll(&random->dice, 4));
    if (!random->over) /* a tree that found no room is none */
        write_twig(random, root);
}

/* One step of one house: the room's answer is the second opinion's. *hash takes in what was told.
 */
static inline bool random_agrees(struct random_house *random, const struct condition *condition,
                                 uint64_t *hash)
{
    struct condition_port port = house_port(&random->house, condition);
    struct condition_explanation explanation;
    char line[200];
    random_step(random, condition);
    struct condition_result result = condition_evaluate(condition, &port, random->now_ns, NULL);
    random->run = random->stop = 0;
    struct guess guess = guess_twig(random, random->twigs_count - 1);
    static const enum condition_truth truths[] = {CONDITION_FALSE, CONDITION_TRUE,
                                                  CONDITION_UNKNOWN};
    port.cell_write = NULL;
    struct condition_result again =
        condition_evaluate(condition, &port, random->now_ns, &explanation);
    condition_explain(&explanation, NULL, line, sizeof line);
    int64_t told[] = {result.truth, result.timers_run, result.timers_stop, result.wake_ns};
    *hash = hash64(told, sizeof told, *hash);
    *hash = hash64(line, strlen(line), *hash);
    return result.truth == truths[guess_truth(&guess)] && result.timers_run == random->run &&
           result.timers_stop == random->stop && again.truth == result.truth &&
           again.wake_ns == result.wake_ns && again.timers_run == result.timers_run &&
           result.wake_ns > random->now_ns;
}

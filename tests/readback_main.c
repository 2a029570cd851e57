/* Prints every sample of a data folder's journal, offline: path, source time, value, separated by
 * tabs. The scenarios compare it with what was acknowledged. Numbers are printed with 17 digits, so
 * that equal text means equal bits. Exit 1 when the journal cannot be walked, 3 when a sample belongs
 * to a point that no fact named. */
#include "client/client.h"

#include <inttypes.h>
#include <stdio.h>

struct readback_print {
    struct readback_paths *paths;
    uint64_t nameless;
};

static void print_fact(void *arg, uint64_t segment, const struct fact *fact)
{
    struct readback_print *print = arg;
    (void)segment;
    if (readback_paths_take(print->paths, fact) != OK)
        print->nameless++;
}

static void print_value(const struct value *value)
{
    if (!value->present)
        printf("%s\n", quality_name(value->quality));
    else if (value->type == VALUE_FLOAT64)
        printf("%.17g\n", value_real(value));
    else if (value->type == VALUE_STRING)
        printf("%.*s\n", (int)value->text.size, (const char *)value->text.at);
    else
        printf("%" PRId64 "\n", value->number);
}

static void print_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct readback_print *print = arg;
    for (uint32_t i = 0; i < sample->count; i++) {
        uint32_t column = sample->columns ? sample->columns[i] : i;
        struct bytes path = readback_paths_find(print->paths, shape->first_point + column);
        if (!path.size) {
            print->nameless++;
            continue;
        }
        printf("%.*s\t%" PRId64 "\t", (int)path.size, (const char *)path.at, sample->time_ns);
        print_value(&sample->values[i]);
    }
}

static void print_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    (void)level;
    fprintf(stderr, "%s\n", text);
}

int main(int count, char **words)
{
    if (count != 2) {
        fputs("usage: mainstem-readback DATA-FOLDER\n", stderr);
        return 2;
    }
    struct readback_print print = {0};
    if (readback_paths_create(&print.paths) != OK)
        return 1;
    const struct readback_calls calls = {
        .fact = print_fact, .sample = print_sample, .tell = print_tell, .arg = &print};
    struct readback_result result;
    enum err err = readback_walk(words[1], 0, 0, &calls, &result);
    readback_paths_destroy(print.paths);
    if (err != OK) {
        fprintf(stderr, "%s: %s\n", words[1], err_text(err));
        return 1;
    }
    fprintf(stderr, "%" PRIu64 " samples, %" PRIu64 " undecodable, %" PRIu64 " nameless\n",
            result.samples, result.undecodable, print.nameless);
    return print.nameless ? 3 : 0;
}

/* Fuzzer: bytes as the text of a condition, and bytes as dice for one. What is taken is printed,
 * and printed it is the same program; evaluated over a plant by chance it does what the second
 * opinion of random.h says, and any text at all is evaluated, and explained, without harm. */
#include "condition/test_dice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t memory[CONDITION_BYTES_MAX / 8], memory_again[CONDITION_BYTES_MAX / 8];
static struct random_house house;

static const struct condition *text_is_settled(struct bytes text)
{
    struct condition_fault fault = {.code = CONDITION_GOOD};
    const struct condition *condition =
        condition_parse(text, CONDITION_VERSION, memory, sizeof memory, &fault);
    if (condition == NULL) {
        check(fault.code != CONDITION_GOOD && fault.code < CONDITION_FAULT_COUNT);
        check(fault.offset <= text.size && fault.line >= 1 && fault.column >= 1);
        check(fault.sentence[0] != 0 && memchr(fault.sentence, 0, sizeof fault.sentence) != NULL);
        return NULL;
    }
    check(condition_size(condition) <= CONDITION_BYTES_MAX);
    const struct condition *again = condition_parse(condition_text(condition), CONDITION_VERSION,
                                                    memory_again, sizeof memory_again, &fault);
    check(again != NULL && memcmp(again, condition, condition_size(condition)) == 0);
    for (unsigned i = 0; i < condition_references(condition) + condition_sets(condition); i++) {
        bool set = i >= condition_references(condition);
        uint8_t path[4096];
        size_t path_size;
        struct condition_reference reference =
            set ? condition_set(condition, i - condition_references(condition))
                : condition_reference(condition, i);
        if (condition_resolve(reference, set, bytes_text("a/b/c"), path, sizeof path, &path_size) ==
            OK)
            check(path_size >= 1 && path_size <= sizeof path);
    }
    return condition;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t hash = 0;
    bool dice = size > 0 && data[0] < 0x10;
    if (dice) {
        random_make(&house, (struct dice){data + 1, size - 1, 7});
        if (house.over)
            return 0;
    } else {
        memset(&house, 0, sizeof house);
        house.dice.seed = size;
        house.now_ns = HOUSE_NOW;
    }
    const struct condition *condition =
        text_is_settled(dice ? bytes_of(house.text, house.size) : bytes_of(data, size));
    for (int step = 0; condition != NULL && step < 8; step++) {
        if (dice) {
            check(random_agrees(&house, condition, &hash));
            continue;
        }
        struct condition_port port = house_port(&house.house, condition);
        struct condition_explanation explanation;
        char line[64];
        random_step(&house, condition);
        struct condition_result result = condition_evaluate(condition, &port, house.now_ns, NULL);
        port.cell_write = NULL;
        check(result.truth ==
              condition_evaluate(condition, &port, house.now_ns, &explanation).truth);
        check((result.timers_run & result.timers_stop) == 0 && result.wake_ns > house.now_ns);
        condition_explain(&explanation, NULL, line, sizeof line);
        check(bytes_are_utf8(bytes_text(line)));
    }
    return 0;
}

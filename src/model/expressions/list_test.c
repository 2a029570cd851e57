/* Lists in all their shapes, against an array of marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/expressions/tables.h"

#define NUMBERS 6000u

struct marks {
    struct list list;
    uint64_t bytes, random;
    bool there[NUMBERS];
    uint32_t count;
};

static uint32_t below(struct marks *marks, uint32_t limit)
{
    marks->random = marks->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(marks->random >> 33) % limit;
}

static void assert_same(const struct marks *marks)
{
    const uint32_t *run;
    uint32_t next = 0, met = 0;
    for (uint32_t from = 0, n; (n = list_run(&marks->list, from, &run)) > 0;
         from = run[n - 1] + 1) {
        for (uint32_t i = 0; i < n; i++, met++, next++) {
            while (next < NUMBERS && !marks->there[next])
                next++;
            assert_int_equal(run[i], next);
        }
    }
    assert_int_equal(met, marks->count);
    assert_int_equal(marks->list.count, marks->count);
}

static void change(struct marks *marks, uint32_t number, bool add)
{
    if (add)
        assert_int_equal(list_add(&marks->list, number, &marks->bytes), OK);
    else
        assert_int_equal(list_remove(&marks->list, number, &marks->bytes), marks->there[number]);
    marks->count += (uint32_t)add - (uint32_t)marks->there[number];
    marks->there[number] = add;
}

static void test_up_and_down(void **arg)
{
    (void)arg;
    static struct marks marks;
    marks.random = 7;
    for (uint32_t round = 0; round < 12; round++) {
        uint32_t of_ten = round % 2 == 0 ? 8 : 2; /* grows, shrinks */
        for (uint32_t i = 0; i < 20000; i++) {
            bool add = below(&marks, 10) < of_ten;
            change(&marks, below(&marks, NUMBERS), add);
            if (i % 1000 == 0)
                assert_same(&marks);
        }
    }
    for (uint32_t i = 0; i < NUMBERS; i++)
        change(&marks, i, false);
    assert_same(&marks);
    assert_int_equal(marks.bytes, 0);
}

/* 1,024 in one array, 1,025 in blocks; forwards and backwards; a run from any number on. */
static void test_in_order(void **arg)
{
    (void)arg;
    for (int backwards = 0; backwards < 2; backwards++) {
        static struct marks marks;
        const uint32_t *run;
        for (uint32_t i = 0; i < NUMBERS; i += 2) {
            change(&marks, backwards ? NUMBERS - 1 - i : i, true);
            if (i / 2 >= 1022 && i / 2 <= 1026)
                assert_same(&marks);
        }
        assert_same(&marks);
        for (uint32_t from = 0; from + 2 < NUMBERS; from++) {
            assert_true(list_run(&marks.list, from, &run) > 0);
            assert_true(run[0] == from || (run[0] == from + 1 && !marks.there[from]));
        }
        assert_int_equal(list_run(&marks.list, NUMBERS, &run), 0);
        list_clear(&marks.list, &marks.bytes);
        assert_int_equal(list_run(&marks.list, 0, &run), 0);
        list_done(&marks.list, &marks.bytes);
        assert_int_equal(marks.bytes, 0);
        marks = (struct marks){.count = 0};
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_up_and_down),
        cmocka_unit_test(test_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Any bytes, as orders to a head and to its model, whose answers must be the same.
 *
 * An order is a byte: its two lower bits choose; then come its arguments, a byte each but for a
 * number, which has eight. Bytes that are missing are zero. */
#include "head/test_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define ORDERS_MAX 200
#define COLUMNS 6
#define ROWS 3

struct talk {
    struct bytes rest;
    struct head *head;
    struct model model;
    struct head_rows rows;
};

static uint8_t byte_take(struct talk *talk)
{
    if (talk->rest.size == 0)
        return 0;
    talk->rest.size--;
    return *talk->rest.at++;
}

static uint64_t number_take(struct talk *talk)
{
    uint64_t number = 0;
    unsigned bytes = byte_take(talk) % 9;
    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | byte_take(talk);
    return number;
}

/* Small ones are near each other, so that times meet. */
static int64_t time_take(struct talk *talk)
{
    uint8_t byte = byte_take(talk);
    return byte == 255 ? (int64_t)(number_take(talk) % (uint64_t)TIME_MAX_NS) : byte % 32;
}

static struct value value_take(struct talk *talk)
{
    static const uint8_t letters[STRING_VALUE_MAX] = "off on ready fault";
    uint8_t form = byte_take(talk);
    uint64_t number = number_take(talk);
    struct value value = {.type = (uint8_t)(1 + form % 4), .present = true};
    double real;
    memcpy(&real, &number, sizeof real);
    if (value.type == VALUE_FLOAT64)
        value = value_of_real(form & 8 ? real : (double)(int64_t)number / 1000);
    else if (value.type == VALUE_STRING)
        value.text = bytes_of(letters, number % (STRING_VALUE_MAX + 1));
    else
        value.number = (int64_t)(value.type == VALUE_BOOL ? number & 1 : number);
    if (form & 16)
        value.quality = byte_take(talk);
    if (form & 32)
        value.present = false;
    return value;
}

static void append(struct talk *talk, uint32_t row)
{
    struct value values[COLUMNS];
    uint8_t columns[COLUMNS], mask = byte_take(talk);
    uint16_t count = 0;
    for (uint8_t i = 0; i < COLUMNS; i++) {
        if (!(mask >> i & 1))
            continue;
        columns[count] = (uint8_t)(mask & 0x80 ? 250 + i : i);
        values[count++] = value_take(talk);
    }
    bool is_whole = count > 0 && columns[count - 1] == count - 1;
    struct row_shape shape = {.row = row, .first_point = 1, .count = COLUMNS_MAX};
    struct sample_row sample = {.row = row,
                                .count = count,
                                .arrival_time = mask >> 6 & 1,
                                .time_ns = time_take(talk),
                                .columns = is_whole ? NULL : columns,
                                .values = values};
    int64_t arrival = (int64_t)number_take(talk);
    check(head_append(talk->head, &shape, &sample, arrival) == OK);
    model_append(&talk->model, &sample, arrival);
}

static void gather(struct talk *talk, uint32_t row)
{
    uint8_t columns[COLUMNS], types[COLUMNS], known[COLUMNS_MAX], mask = byte_take(talk);
    uint16_t count = 0;
    model_types(&talk->model, talk->head, row, COLUMNS_MAX, known);
    for (uint8_t i = 0; i < COLUMNS; i++) {
        if (!(mask >> i & 1))
            continue;
        columns[count] = (uint8_t)(mask & 0x80 ? 250 + i : i);
        types[count] = known[columns[count]];
        count++;
    }
    int64_t from = time_take(talk), to = time_take(talk);
    if (mask & 0x40 && count > 0)
        types[0] = (uint8_t)(to % 5);
    if (count > 0)
        model_compare(&talk->model, talk->head, &talk->rows, row, columns, count, types, from & 1,
                      from, to);
    else
        model_compare(&talk->model, talk->head, &talk->rows, row, NULL, COLUMNS_MAX, known, true,
                      from, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct talk talk = {.rest = bytes_of(at, size)};
    check(head_create(&talk.head) == OK);
    for (unsigned i = 0; i < ORDERS_MAX && talk.rest.size > 0; i++) {
        uint8_t order = byte_take(&talk);
        uint32_t row = 1 + (order >> 2) % ROWS * 4095;
        if ((order & 3) == 3)
            gather(&talk, row);
        else
            append(&talk, row);
    }
    model_compare_totals(&talk.model, talk.head);
    head_rows_done(&talk.rows);
    head_destroy(talk.head);
    model_done(&talk.model);
    return 0;
}

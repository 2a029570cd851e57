/* Any bytes, as orders to a store: what devices tell, seals, merges, erasures, crashes, new starts
 * and failing disks in any order; what it answers must be the fold of what it was told.
 *
 * An order is three bytes: what, and where its luck begins. */
#define STORE_EVENTS 4096 /* that are cleared for each input */
#include "history/test_fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define ORDERS_MAX 120

static void order_fail(void)
{
    store.disk.fail_change = store.disk.changes + 1 + luck_below(&store.luck, 30);
    store.disk.fail_changes = 1 + luck_below(&store.luck, 3);
}

static void order_run(uint8_t what)
{
    switch (what % 12) {
    case 0:
        history_seal_now(store.history);
        break;
    case 1:
        history_merge_now(store.history);
        break;
    case 2:
        store.clock.boot_ns += (int64_t)luck_below(&store.luck, 5000) * NS_PER_S;
        break;
    case 3:
        rows_compare(2);
        break;
    case 4:
        sample_compare((unsigned)luck_below(&store.luck, store.rows),
                       (unsigned)luck_below(&store.luck, STORE_COLUMNS));
        break;
    case 5:
        store_reopen(&store, what & 0x80);
        break;
    case 6:
        store_erase(&store);
        break;
    case 7:
        order_fail();
        break;
    case 8:
        store_settle(&store);
        break;
    case 9:
    case 10:
        if (!history_is_full(store.history))
            store_append(&store, 1 + what / 12);
        break;
    default:
        store_work(&store);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    if (size < 4)
        return 0;
    store_init(&store, at[0]);
    store.rollups = at[0] & 1;
    store.rows = 1 + at[0] % STORE_ROWS;
    if (store.rollups)
        store_policies(&store);
    for (size_t i = 1; i + 3 <= size && i < 3 * ORDERS_MAX; i += 3) {
        store.luck = load_u16(at + i + 1);
        order_run(at[i]);
    }
    store_settle(&store);
    history_seal_now(store.history);
    store_settle(&store);
    rows_compare(2 * store.rows);
    rollups_compare();
    store_reopen(&store, true);
    rows_compare(store.rows);
    store_done(&store);
    return 0;
}

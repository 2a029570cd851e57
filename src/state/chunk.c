/* Where tables and indexes take their memory from. */
#include "state/chunk.h"

#include <pthread.h>

#include "os/os.h"
#include "state/state.h"

/* The stock: chunks whose memory the kernel has already found and zeroed. The first touch of a huge
 * page takes 0.2 ms, and 5 ms on a virtual machine whose host has to find it too: more than a step
 * of the engine may take. So another thread touches them ahead of time. */
static struct {
    pthread_mutex_t lock;
    uint8_t *at[STATE_STOCK_MAX];
    uint32_t count, taken;
} stock = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint8_t *stock_take(void)
{
    uint8_t *chunk = NULL;
    pthread_mutex_lock(&stock.lock);
    if (stock.count > 0)
        chunk = stock.at[--stock.count];
    pthread_mutex_unlock(&stock.lock);
    return chunk;
}

static bool stock_give(uint8_t *chunk, uint32_t most)
{
    pthread_mutex_lock(&stock.lock);
    bool taken = stock.count < most && stock.count < STATE_STOCK_MAX;
    if (taken)
        stock.at[stock.count++] = chunk;
    pthread_mutex_unlock(&stock.lock);
    return taken;
}

void state_stock(uint32_t chunks)
{
    for (uint32_t i = 0; i < chunks && i < STATE_STOCK_MAX; i++) {
        pthread_mutex_lock(&stock.lock);
        bool full = stock.count >= chunks;
        pthread_mutex_unlock(&stock.lock);
        uint8_t *chunk = full ? NULL : os_huge_alloc(CHUNK_SIZE);
        if (chunk == NULL)
            return;
        for (size_t at = 0; at < CHUNK_SIZE; at += 4096)
            *(volatile uint8_t *)(chunk + at) = 0;
        if (!stock_give(chunk, chunks)) {
            os_huge_free(chunk, CHUNK_SIZE);
            return;
        }
    }
}

uint32_t state_stock_taken(void)
{
    pthread_mutex_lock(&stock.lock);
    uint32_t taken = stock.taken;
    pthread_mutex_unlock(&stock.lock);
    return taken;
}

uint8_t *chunk_of_stock(void)
{
    uint8_t *chunk = stock_take();
    return chunk != NULL ? chunk : os_huge_alloc(CHUNK_SIZE);
}

uint8_t *chunk_alloc(bool first)
{
    if (first)
        return os_sparse_alloc(CHUNK_SIZE);
    pthread_mutex_lock(&stock.lock);
    stock.taken++;
    pthread_mutex_unlock(&stock.lock);
    return chunk_of_stock();
}

void chunk_free(uint8_t *chunk)
{
    os_huge_free(chunk, CHUNK_SIZE);
}

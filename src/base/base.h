/* base: the words every room speaks: bytes, errors, checks, arenas, hashes, times, the log.
 *
 * Guarantees: nothing here does I/O except the log (stderr) and the abort of a failed check().
 * Nothing here knows of disks, sockets or readings. All functions are thread-safe on distinct
 * objects; the log is thread-safe as a whole. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
/* SANITIZED: 1 in a build under a sanitizer of memory or threads, SANITIZED_THREADS of threads,
 * else 0. gcc says so by one name, clang by another. */
#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#define SANITIZED_THREADS 1
#else
#define SANITIZED_THREADS 0
#endif
#if SANITIZED_THREADS || defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- errors: what the world can do to us. Success is 0. ------------------------------------ */
#define ERR_TABLE(X)                                                                               \
    X(OK, "ok")                                                                                    \
    X(ERR_NO_MEMORY, "out of memory")                                                              \
    X(ERR_NO_SPACE, "no space left on the disk")                                                   \
    X(ERR_IO, "the disk or the network failed")                                                    \
    X(ERR_CORRUPT, "damaged data")                                                                 \
    X(ERR_NEWER, "written by a newer version of Mainstem")                                         \
    X(ERR_LOCKED, "in use by another process")                                                     \
    X(ERR_LIMIT, "a limit was reached")                                                            \
    X(ERR_INVALID, "not valid")                                                                    \
    X(ERR_MISSING, "not found")                                                                    \
    X(ERR_EXISTS, "exists already")                                                                \
    X(ERR_BUSY, "busy, try again")                                                                 \
    X(ERR_STOPPED, "stopped after a failed write")                                                 \
    X(ERR_REFUSED, "permission denied")
#define ERR_ENUM(name, text) name,
enum err { ERR_TABLE(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM
/* The sentence of an error; never NULL. */
const char *err_text(enum err err);

/* We are wrong: prints what and where, then aborts. No byte from outside may reach one. */
#define check(condition)                                                                           \
    do {                                                                                           \
        if (UNLIKELY(!(condition)))                                                                \
            check_failed(#condition, __FILE__, __LINE__);                                          \
    } while (0)
_Noreturn void check_failed(const char *condition, const char *file, int line);

/* ---- bytes: a borrowed view; NUL only at libc's border -------------------------------------- */
struct bytes {
    const uint8_t *at;
    size_t size;
};
static inline struct bytes bytes_of(const void *at, size_t size)
{
    return (struct bytes){(const uint8_t *)at, size};
}
/* A view of a NUL-terminated string, without the NUL. */
struct bytes bytes_text(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);
/* As memcmp over the shorter, then by size. */
int bytes_compare(struct bytes a, struct bytes b);
/* Well-formed UTF-8 (Unicode 15, table 3-7): no surrogates, no overlong forms, <= U+10FFFF. */
bool bytes_are_utf8(struct bytes text);
/* Bytes (1-4) of the well-formed UTF-8 sequence that starts at offset; 0 when none does. */
size_t bytes_utf8_step(struct bytes text, size_t offset);

/* Little-endian loads and stores at any alignment. */
static inline uint16_t load_u16(const void *at)
{
    uint16_t v;
    __builtin_memcpy(&v, at, sizeof v);
    return v;
}
static inline uint32_t load_u32(const void *at)
{
    uint32_t v;
    __builtin_memcpy(&v, at, sizeof v);
    return v;
}
static inline uint64_t load_u64(const void *at)
{
    uint64_t v;
    __builtin_memcpy(&v, at, sizeof v);
    return v;
}
static inline void store_u16(void *at, uint16_t v)
{
    __builtin_memcpy(at, &v, sizeof v);
}
static inline void store_u32(void *at, uint32_t v)
{
    __builtin_memcpy(at, &v, sizeof v);
}
static inline void store_u64(void *at, uint64_t v)
{
    __builtin_memcpy(at, &v, sizeof v);
}

/* Zigzag maps small negative and positive numbers to small unsigned ones. */
static inline uint64_t zigzag(int64_t v)
{
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}
static inline int64_t unzigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}
#define VARINT_MAX 10 /* bytes of the longest LEB128 varint of 64 bits */
/* Writes v as LEB128 to at (VARINT_MAX bytes of room); returns the bytes written. */
static inline size_t varint_put(uint8_t *at, uint64_t v)
{
    size_t size = 0;
    while (v >= 0x80) {
        at[size++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    at[size++] = (uint8_t)v;
    return size;
}
/* Bytes varint_put writes for v: 1-VARINT_MAX. */
static inline size_t varint_size(uint64_t v)
{
    unsigned bits = 64u - (unsigned)__builtin_clzll(v | 1);
    return (bits + 6) / 7;
}
/* The part of varint_get that is not inlined: varints of three bytes and more, and broken ones. */
MUST_USE bool varint_get_long(struct bytes b, size_t *offset, uint64_t *ret_v);
/* Reads a varint at *offset of b; false when cut short or longer than 64 bits, and then nothing
 * moves; else moves *offset. Padding with zero groups is accepted up to VARINT_MAX bytes. */
MUST_USE static inline bool varint_get(struct bytes b, size_t *offset, uint64_t *ret_v)
{
    size_t i = *offset;
    if (LIKELY(i < b.size && b.at[i] < 0x80)) {
        *ret_v = b.at[i];
        *offset = i + 1;
        return true;
    }
    if (LIKELY(b.size >= 2 && i <= b.size - 2 && b.at[i + 1] < 0x80)) {
        *ret_v = (b.at[i] & 0x7fu) | ((uint64_t)b.at[i + 1] << 7);
        *offset = i + 2;
        return true;
    }
    return varint_get_long(b, offset, ret_v);
}

/* ---- arena: many small allocations that die together ---------------------------------------- */
struct arena {
    uint8_t *at;
    size_t used;
    size_t capacity; /* the cap: an arena never grows */
};
MUST_USE enum err arena_init(struct arena *arena, size_t capacity);
void arena_done(struct arena *arena);
void arena_reset(struct arena *arena);
/* 16-byte aligned; NULL when the cap is reached. */
void *arena_alloc(struct arena *arena, size_t size);

/* ---- budget: bytes that several things share, and no more than so many ---------------------- */
struct budget {
    uint64_t used, most;
};
MUST_USE static inline bool budget_take(struct budget *budget, size_t bytes)
{
    if (budget->used + bytes > budget->most)
        return false;
    budget->used += bytes;
    return true;
}
/* The same, and `rest` bytes stay free for others. */
MUST_USE static inline bool budget_take_leaving(struct budget *budget, size_t bytes, uint64_t rest)
{
    return budget->used + bytes + rest <= budget->most && budget_take(budget, bytes);
}
static inline void budget_give(struct budget *budget, size_t bytes)
{
    check(budget->used >= bytes);
    budget->used -= bytes;
}

/* ---- link: members of a doubly linked list inside the things it lists, so that a thing can be put
 * on a list, or taken off, without asking for memory and without searching. A link alone points to
 * itself. ---- */
struct link {
    struct link *next, *previous;
};
#define LINK_OWNER(link, type, member) ((type *)(void *)((uint8_t *)(link)-offsetof(type, member)))

static inline void link_init(struct link *link)
{
    link->next = link->previous = link;
}
static inline bool link_is_alone(const struct link *link)
{
    return link->next == link;
}
static inline void link_take(struct link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link_init(link);
}
/* Behind the last of list; link is on no list. */
static inline void link_put(struct link *list, struct link *link)
{
    link->previous = list->previous;
    link->next = list;
    list->previous->next = link;
    list->previous = link;
}
static inline void link_put_first(struct link *list, struct link *link)
{
    link_put(list->next, link);
}
/* All of `from`, in order, behind the last of `to`; `from` is empty afterwards. */
static inline void link_move_all(struct link *to, struct link *from)
{
    if (link_is_alone(from))
        return;
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    link_init(from);
}

/* ---- hashes ---------------------------------------------------------------------------------- */
/* CRC32C (Castagnoli, RFC 3720 B.4); hardware where there is SSE4.2. crc32c(0,"123456789",9) is
 * 0xE3069283; a running sum continues by passing the last result as seed. */
uint32_t crc32c(uint32_t seed, const void *at, size_t size);
/* XXH3, 64 bits, seeded: for tables and state hashes, not against an adversary. */
uint64_t hash64(const void *at, size_t size, uint64_t seed);
struct hash128 {
    uint64_t low, high;
};
struct hash128 hash128(const void *at, size_t size, uint64_t seed);

/* ---- time: nanoseconds since 1970-01-01T00:00:00Z, signed 64 bits ---------------------------- */
#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define TIME_MIN_NS INT64_C(0)                   /* 1970-01-01T00:00:00Z */
#define TIME_MAX_NS INT64_C(7258118400000000000) /* 2200-01-01T00:00:00Z, exclusive */
#define TIME_TEXT_SIZE 40
/* ISO 8601 in UTC with as many of 3, 6 or 9 decimals as needed, e.g. 2026-11-22T15:00:00.250Z, for
 * any 64-bit time;
 * writes a NUL-terminated text into text[TIME_TEXT_SIZE] and returns it. */
char *time_format(int64_t time_ns, char *text);
/* The same without zeros at the end of the decimals, as JSON has it: 2026-11-22T15:00:00.25Z,
 * 2026-11-22T15:00:00Z. */
char *time_format_short(int64_t time_ns, char *text);
/* Reads ISO 8601 / RFC 3339: yyyy-mm-dd, 'T', 't' or space, hh:mm[:ss[.1-9 decimals]] ('.' or ','),
 * 'Z', 'z' or +hh:mm / +hhmm / +hh (none means UTC). false when it is no such time, or anything
 * stands before or after it. Any year 0000-9999 that fits 64 bits (1677-2262); the caller judges
 * TIME_MIN_NS/TIME_MAX_NS. Leap second :60 is read as :59. Seconds may be missing because Java's
 * OffsetDateTime leaves them out when they are zero. */
MUST_USE bool time_parse(struct bytes text, int64_t *ret_time_ns);

/* ---- log: to stderr, by levels, as text or one JSON object a line ---------------------------- */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
struct log_settings {
    enum log_level level; /* what is more detailed is not written */
    bool json;            /* {"time":..,"level":..,"room":..,"text":..} */
    unsigned lines_per_s; /* of one room and level; 0: no limit. Suppressed lines are counted and
                             told in one line with the first line logged after the second */
};
/* Without this call: LOG_INFO, text, 50 lines a second. */
void log_configure(const struct log_settings *settings);
bool log_enabled(enum log_level level);
/* One line; room is the folder's name. Control characters, and bytes that are not UTF-8, are
 * escaped; what exceeds LOG_TEXT_MAX bytes is cut and ends in "...". errno survives. */
#define LOG_TEXT_MAX 2000
void log_line(enum log_level level, const char *room, const char *format, ...) PRINTF_LIKE(3, 4);
/* A few lines a second of one sort; the others are counted and told with the next one. */
struct log_ration {
    int64_t second;
    unsigned written;
    uint64_t suppressed;
};
/* May this line be written? *ret_suppressed: how many were not since the last one. */
bool log_ration_take(struct log_ration *ration, int64_t now_ns, unsigned most,
                     uint64_t *ret_suppressed);
/* Tells what was suppressed and not told yet, whether the second is over or not: at the end. */
void log_flush(void);
#define log_error(room, ...) log_line(LOG_ERROR, room, __VA_ARGS__)
#define log_warn(room, ...) log_line(LOG_WARN, room, __VA_ARGS__)
#define log_info(room, ...) log_line(LOG_INFO, room, __VA_ARGS__)
#define log_debug(room, ...)                                                                       \
    do {                                                                                           \
        if (log_enabled(LOG_DEBUG))                                                                \
            log_line(LOG_DEBUG, room, __VA_ARGS__);                                                \
    } while (0)

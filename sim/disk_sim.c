/* The imagined disk. Files are pages of 4 KiB that exist in two versions, seen and safe, shared
 * while they are equal; a page of zeroes is no page at all, so that segments written once with
 * zeroes cost nothing. */
#include "disk_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE ((size_t)4096)
#define SECTOR_SIZE ((size_t)512)
#define PAGE_SECTORS (PAGE_SIZE / SECTOR_SIZE)
#define NAMES_MAX 4096
#define ORPHANS_MAX 64

struct page {
    uint32_t references;
    uint8_t at[PAGE_SIZE];
};
struct slot {
    struct page *now, *safe; /* NULL: zeroes */
    uint8_t dirty;           /* a bit for each sector */
};
struct inode {
    struct inode *next;
    struct slot *slots;
    size_t slot_count;
    uint64_t size_now, size_safe;
    uint64_t unreadable_from, unreadable_to;
    unsigned handles;
    bool marked;
};
struct name {
    char path[DISK_NAME_SIZE];
    struct inode *inode; /* NULL: a folder */
};
struct names {
    struct name *at;
    size_t count, capacity;
};
enum change_kind { CHANGE_CREATE, CHANGE_RENAME, CHANGE_REMOVE };
struct change { /* of a name, not yet on the medium */
    enum change_kind kind;
    char from[DISK_NAME_SIZE], to[DISK_NAME_SIZE];
    struct inode *inode;
};
struct disk_file {
    struct inode *inode;
    unsigned flags;
};
struct disk_sim {
    struct disk port; /* first */
    struct random *random;
    struct inode *inodes;
    size_t inode_count;
    struct names now, safe;
    struct change *changes;
    size_t change_count, change_capacity;
    uint64_t calls, power_fail_at, fail_at, fail_count, fail_read_count;
    uint64_t capacity;
    bool off;
};

/* What a changing call is to do. */
enum fate { FATE_DO, FATE_FAIL, FATE_POWER, FATE_OFF };

static enum fate call_fate(struct disk_sim *disk)
{
    if (disk->off)
        return FATE_OFF;
    disk->calls++;
    if (disk->power_fail_at != 0 && disk->calls >= disk->power_fail_at)
        return FATE_POWER;
    if (disk->fail_count > 0 && disk->calls >= disk->fail_at) {
        disk->fail_count--;
        return FATE_FAIL;
    }
    return FATE_DO;
}

static enum err fate_end(struct disk_sim *disk, enum fate fate)
{
    if (fate == FATE_POWER)
        disk_sim_power_off(disk);
    return fate == FATE_DO ? OK : ERR_IO;
}

/* ---- pages ---- */
static void page_drop(struct page *page)
{
    if (page != NULL && --page->references == 0)
        free(page);
}

static struct page *page_share(struct page *page)
{
    if (page != NULL)
        page->references++;
    return page;
}

/* Makes *page one that only this place holds. */
static uint8_t *page_own(struct page **page)
{
    if (*page != NULL && (*page)->references == 1)
        return (*page)->at;
    struct page *mine = malloc(sizeof *mine);
    check(mine != NULL);
    mine->references = 1;
    if (*page != NULL)
        memcpy(mine->at, (*page)->at, PAGE_SIZE);
    else
        memset(mine->at, 0, PAGE_SIZE);
    page_drop(*page);
    *page = mine;
    return mine->at;
}

static bool bytes_are_zeroes(const uint8_t *at, size_t size)
{
    return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}

static void slot_sector_safe(struct slot *slot, size_t sector)
{
    static const uint8_t zeroes[SECTOR_SIZE];
    const uint8_t *from = slot->now != NULL ? slot->now->at + sector * SECTOR_SIZE : zeroes;
    if (slot->safe != slot->now)
        memcpy(page_own(&slot->safe) + sector * SECTOR_SIZE, from, SECTOR_SIZE);
    slot->dirty &= (uint8_t) ~(1U << sector);
}

static void slot_safe(struct slot *slot)
{
    if (slot->dirty == 0)
        return;
    bool whole = slot->dirty == 0xff;
    for (size_t i = 0; i < PAGE_SECTORS && !whole; i++) {
        if ((slot->dirty & (1U << i)) != 0)
            slot_sector_safe(slot, i);
    }
    if (!whole)
        return;
    page_drop(slot->safe);
    slot->safe = page_share(slot->now);
    slot->dirty = 0;
}

/* ---- files ---- */
static void inode_grow(struct inode *inode, uint64_t size)
{
    size_t count = (size_t)((size + PAGE_SIZE - 1) / PAGE_SIZE);
    if (count <= inode->slot_count)
        return;
    if (count < inode->slot_count * 2)
        count = inode->slot_count * 2;
    inode->slots = realloc(inode->slots, count * sizeof *inode->slots);
    check(inode->slots != NULL);
    memset(inode->slots + inode->slot_count, 0, (count - inode->slot_count) * sizeof *inode->slots);
    inode->slot_count = count;
}

static struct inode *inode_create(struct disk_sim *disk)
{
    struct inode *inode = calloc(1, sizeof *inode);
    check(inode != NULL);
    inode->next = disk->inodes;
    disk->inodes = inode;
    disk->inode_count++;
    return inode;
}

static void inode_destroy(struct inode *inode)
{
    for (size_t i = 0; i < inode->slot_count; i++) {
        page_drop(inode->slots[i].now);
        page_drop(inode->slots[i].safe);
    }
    free(inode->slots);
    free(inode);
}

/* Writes into what is seen; sectors become dirty. `chance`: each page may stay as it was. */
static void inode_write(struct disk_sim *disk, struct inode *inode, uint64_t offset,
                        const uint8_t *at, size_t size, bool chance)
{
    inode_grow(inode, offset + size);
    while (size > 0) {
        struct slot *slot = &inode->slots[offset / PAGE_SIZE];
        size_t begin = (size_t)(offset % PAGE_SIZE);
        size_t piece = PAGE_SIZE - begin < size ? PAGE_SIZE - begin : size;
        bool nothing = slot->now == NULL && slot->safe == NULL && bytes_are_zeroes(at, piece);
        if (!nothing && !(chance && random_one_in(disk->random, 2))) {
            memcpy(page_own(&slot->now) + begin, at, piece);
            for (size_t i = begin / SECTOR_SIZE; i <= (begin + piece - 1) / SECTOR_SIZE; i++)
                slot->dirty |= (uint8_t)(1U << i);
        }
        offset += piece;
        at += piece;
        size -= piece;
    }
}

/* [offset, offset + size) onto the medium; `chance`: each sector by chance. */
static void inode_safe(struct disk_sim *disk, struct inode *inode, uint64_t offset, uint64_t size,
                       bool chance)
{
    for (uint64_t i = offset / PAGE_SIZE; i < inode->slot_count && i * PAGE_SIZE < offset + size;
         i++) {
        struct slot *slot = &inode->slots[i];
        if (!chance)
            slot_safe(slot);
        for (size_t sector = 0; sector < PAGE_SECTORS && slot->dirty != 0; sector++) {
            if ((slot->dirty & (1U << sector)) != 0 && random_one_in(disk->random, 2))
                slot_sector_safe(slot, sector);
        }
    }
}

/* ---- names ---- */
static size_t names_place(const struct names *names, const char *path, bool *ret_found)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(names->at[middle].path, path);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

static struct name *names_find(const struct names *names, const char *path)
{
    bool found;
    size_t place = names_place(names, path, &found);
    return found ? &names->at[place] : NULL;
}

static void names_put(struct names *names, const char *path, struct inode *inode)
{
    bool found;
    size_t place = names_place(names, path, &found);
    if (!found) {
        if (names->count == names->capacity) {
            names->capacity = names->capacity * 2 + 32;
            check(names->capacity <= NAMES_MAX * 4);
            names->at = realloc(names->at, names->capacity * sizeof *names->at);
            check(names->at != NULL);
        }
        memmove(names->at + place + 1, names->at + place,
                (names->count - place) * sizeof *names->at);
        names->count++;
        snprintf(names->at[place].path, DISK_NAME_SIZE, "%s", path);
    }
    names->at[place].inode = inode;
}

static void names_remove(struct names *names, const char *path)
{
    bool found;
    size_t place = names_place(names, path, &found);
    if (!found)
        return;
    names->count--;
    memmove(names->at + place, names->at + place + 1, (names->count - place) * sizeof *names->at);
}

static void names_copy(struct names *to, const struct names *from)
{
    to->count = 0;
    for (size_t i = 0; i < from->count; i++)
        names_put(to, from->at[i].path, from->at[i].inode);
}

/* Is path directly in folder ("." the root)? */
static bool path_in(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    if (strcmp(folder, ".") == 0)
        return slash == NULL;
    size_t size = strlen(folder);
    return slash != NULL && (size_t)(slash - path) == size && memcmp(path, folder, size) == 0;
}

static bool parent_there(const struct names *names, const char *path)
{
    char parent[DISK_NAME_SIZE];
    snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL)
        return true;
    *slash = 0;
    const struct name *name = names_find(names, parent);
    return name != NULL && name->inode == NULL;
}

static void names_change(struct names *names, const struct change *change)
{
    struct name *from = names_find(names, change->from);
    switch (change->kind) {
    case CHANGE_CREATE:
        if (parent_there(names, change->from))
            names_put(names, change->from, change->inode);
        break;
    case CHANGE_RENAME:
        if (from != NULL && from->inode == change->inode) {
            names_remove(names, change->from);
            names_put(names, change->to, change->inode);
        }
        break;
    case CHANGE_REMOVE:
        if (from != NULL)
            names_remove(names, change->from);
        break;
    }
}

/* Seen at once; on the medium later. */
static void change_add(struct disk_sim *disk, enum change_kind kind, const char *from,
                       const char *to, struct inode *inode)
{
    if (disk->change_count == disk->change_capacity) {
        disk->change_capacity = disk->change_capacity * 2 + 32;
        disk->changes = realloc(disk->changes, disk->change_capacity * sizeof *disk->changes);
        check(disk->changes != NULL);
    }
    struct change *change = &disk->changes[disk->change_count++];
    *change = (struct change){.kind = kind, .inode = inode};
    snprintf(change->from, sizeof change->from, "%s", from);
    snprintf(change->to, sizeof change->to, "%s", to);
    names_change(&disk->now, change);
}

/* Inodes that no name and no handle holds any more. */
static void inodes_sweep(struct disk_sim *disk)
{
    for (struct inode *inode = disk->inodes; inode != NULL; inode = inode->next)
        inode->marked = inode->handles > 0;
    for (size_t i = 0; i < disk->now.count; i++) {
        if (disk->now.at[i].inode != NULL)
            disk->now.at[i].inode->marked = true;
    }
    for (size_t i = 0; i < disk->safe.count; i++) {
        if (disk->safe.at[i].inode != NULL)
            disk->safe.at[i].inode->marked = true;
    }
    for (size_t i = 0; i < disk->change_count; i++) {
        if (disk->changes[i].inode != NULL)
            disk->changes[i].inode->marked = true;
    }
    for (struct inode **link = &disk->inodes; *link != NULL;) {
        struct inode *inode = *link;
        if (inode->marked) {
            link = &inode->next;
            continue;
        }
        *link = inode->next;
        disk->inode_count--;
        inode_destroy(inode);
    }
}

/* ---- the port ---- */
static enum err sim_open(struct disk *port, const char *path, unsigned flags,
                         struct disk_file **ret_file)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    if (disk->off)
        return ERR_IO;
    struct name *name = names_find(&disk->now, path);
    if (name != NULL && (flags & DISK_EXCLUSIVE) != 0)
        return ERR_EXISTS;
    if (name == NULL && (flags & DISK_CREATE) == 0)
        return ERR_MISSING;
    if (name != NULL && name->inode == NULL)
        return ERR_INVALID;
    struct inode *inode = name != NULL ? name->inode : NULL;
    if (inode == NULL) {
        if (!parent_there(&disk->now, path))
            return ERR_MISSING;
        enum fate fate = call_fate(disk);
        if (fate != FATE_DO)
            return fate_end(disk, fate);
        inode = inode_create(disk);
        change_add(disk, CHANGE_CREATE, path, "", inode);
    }
    struct disk_file *file = malloc(sizeof *file);
    check(file != NULL);
    *file = (struct disk_file){.inode = inode, .flags = flags};
    inode->handles++;
    *ret_file = file;
    return OK;
}

static void sim_close(struct disk *port, struct disk_file *file)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    if (file == NULL)
        return;
    file->inode->handles--;
    free(file);
    if (disk->inode_count > ORPHANS_MAX)
        inodes_sweep(disk);
}

static enum err sim_read(struct disk *port, struct disk_file *file, uint64_t offset, void *at,
                         size_t size, size_t *ret_size)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    const struct inode *inode = file->inode;
    uint8_t *to = at;
    if (disk->off)
        return ERR_IO;
    if (disk->fail_read_count > 0) {
        disk->fail_read_count--;
        return ERR_IO;
    }
    if (offset < inode->unreadable_to && offset + size > inode->unreadable_from)
        return ERR_IO;
    if (offset >= inode->size_now)
        size = 0;
    else if (size > inode->size_now - offset)
        size = (size_t)(inode->size_now - offset);
    *ret_size = size;
    while (size > 0) {
        size_t begin = (size_t)(offset % PAGE_SIZE);
        size_t piece = PAGE_SIZE - begin < size ? PAGE_SIZE - begin : size;
        const struct page *page =
            offset / PAGE_SIZE < inode->slot_count ? inode->slots[offset / PAGE_SIZE].now : NULL;
        if (page != NULL)
            memcpy(to, page->at + begin, piece);
        else
            memset(to, 0, piece);
        offset += piece;
        to += piece;
        size -= piece;
    }
    return OK;
}

static enum err sim_write(struct disk *port, struct disk_file *file, uint64_t offset,
                          const void *at, size_t size)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    struct inode *inode = file->inode;
    check((file->flags & DISK_WRITE) != 0);
    bool durable = (file->flags & DISK_DURABLE) != 0;
    if (durable)
        check(offset % DISK_BLOCK == 0 && size % DISK_BLOCK == 0 &&
              (uintptr_t)at % DISK_BLOCK == 0);
    uint64_t end = offset + size;
    if (!disk->off && end > inode->size_now && disk->capacity != 0 &&
        disk_sim_used(disk) + (end - inode->size_now) > disk->capacity)
        return ERR_NO_SPACE;
    enum fate fate = call_fate(disk);
    if (fate == FATE_OFF)
        return ERR_IO;
    inode_write(disk, inode, offset, at, size, fate == FATE_FAIL);
    if (end > inode->size_now)
        inode->size_now = end;
    if (durable)
        inode_safe(disk, inode, offset, size, fate != FATE_DO);
    if (durable && end > inode->size_safe && (fate == FATE_DO || random_one_in(disk->random, 2)))
        inode->size_safe = end;
    return fate_end(disk, fate);
}

static enum err sim_sync(struct disk *port, struct disk_file *file)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    struct inode *inode = file->inode;
    enum fate fate = call_fate(disk);
    if (fate == FATE_OFF)
        return ERR_IO;
    inode_safe(disk, inode, 0, UINT64_MAX / 2, fate != FATE_DO);
    if (fate == FATE_DO)
        inode->size_safe = inode->size_now;
    for (size_t i = 0; i < inode->slot_count && fate == FATE_FAIL; i++)
        inode->slots[i].dirty = 0; /* the kernel thinks that it is clean */
    return fate_end(disk, fate);
}

static enum err sim_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    if (((struct disk_sim *)port)->off)
        return ERR_IO;
    *ret_size = file->inode->size_now;
    return OK;
}

static enum err sim_truncate(struct disk *port, struct disk_file *file, uint64_t size)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    struct inode *inode = file->inode;
    enum fate fate = call_fate(disk);
    if (fate == FATE_OFF || fate == FATE_FAIL)
        return ERR_IO;
    if (size < inode->size_now) { /* what is cut reads as zeroes when the file grows again */
        static const uint8_t zeroes[PAGE_SIZE];
        for (uint64_t at = size; at < inode->size_now;) {
            uint64_t piece = PAGE_SIZE - at % PAGE_SIZE;
            if (piece > inode->size_now - at)
                piece = inode->size_now - at;
            inode_write(disk, inode, at, zeroes, (size_t)piece, false);
            at += piece;
        }
    }
    inode_grow(inode, size);
    inode->size_now = size;
    return fate_end(disk, fate);
}

static enum err sim_rename(struct disk *port, const char *from, const char *to)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    const struct name *name = names_find(&disk->now, from);
    if (disk->off)
        return ERR_IO;
    if (name == NULL || name->inode == NULL)
        return ERR_MISSING;
    enum fate fate = call_fate(disk);
    if (fate == FATE_DO || (fate == FATE_POWER && random_one_in(disk->random, 2)))
        change_add(disk, CHANGE_RENAME, from, to, name->inode);
    return fate_end(disk, fate);
}

static enum err sim_remove(struct disk *port, const char *path)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    const struct name *name = names_find(&disk->now, path);
    if (disk->off)
        return ERR_IO;
    if (name == NULL || name->inode == NULL)
        return ERR_MISSING;
    enum fate fate = call_fate(disk);
    if (fate == FATE_DO || (fate == FATE_POWER && random_one_in(disk->random, 2)))
        change_add(disk, CHANGE_REMOVE, path, "", name->inode);
    return fate_end(disk, fate);
}

static enum err sim_make_folder(struct disk *port, const char *path)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    const struct name *name = names_find(&disk->now, path);
    if (disk->off)
        return ERR_IO;
    if (name != NULL)
        return name->inode == NULL ? OK : ERR_EXISTS;
    if (!parent_there(&disk->now, path))
        return ERR_MISSING;
    enum fate fate = call_fate(disk);
    if (fate == FATE_DO)
        change_add(disk, CHANGE_CREATE, path, "", NULL);
    return fate_end(disk, fate);
}

static enum err sim_sync_folder(struct disk *port, const char *path)
{
    struct disk_sim *disk = (struct disk_sim *)port;
    const struct name *name = names_find(&disk->now, path);
    if (disk->off)
        return ERR_IO;
    if (strcmp(path, ".") != 0 && (name == NULL || name->inode != NULL))
        return ERR_MISSING;
    enum fate fate = call_fate(disk);
    if (fate != FATE_DO)
        return fate_end(disk, fate);
    size_t kept = 0;
    for (size_t i = 0; i < disk->change_count; i++) {
        const struct change *change = &disk->changes[i];
        if (path_in(change->from, path))
            names_change(&disk->safe, change);
        else
            disk->changes[kept++] = *change;
    }
    disk->change_count = kept;
    return OK;
}

static enum err sim_list(struct disk *port, const char *path,
                         void (*each)(void *arg, const char *name, uint64_t size), void *arg)
{
    const struct disk_sim *disk = (const struct disk_sim *)port;
    if (disk->off)
        return ERR_IO;
    const struct name *folder = names_find(&disk->now, path);
    if (strcmp(path, ".") != 0 && (folder == NULL || folder->inode != NULL))
        return ERR_MISSING;
    size_t skip = strcmp(path, ".") == 0 ? 0 : strlen(path) + 1;
    for (size_t i = 0; i < disk->now.count; i++) {
        const struct name *name = &disk->now.at[i];
        if (name->inode != NULL && path_in(name->path, path))
            each(arg, name->path + skip, name->inode->size_now);
    }
    return OK;
}

uint64_t disk_sim_used(const struct disk_sim *disk)
{
    uint64_t used = 0;
    for (size_t i = 0; i < disk->now.count; i++) {
        if (disk->now.at[i].inode != NULL)
            used += disk->now.at[i].inode->size_now;
    }
    return used;
}

static enum err sim_free_bytes(struct disk *port, uint64_t *ret_bytes)
{
    const struct disk_sim *disk = (const struct disk_sim *)port;
    uint64_t used = disk_sim_used(disk);
    if (disk->off)
        return ERR_IO;
    if (disk->capacity == 0)
        *ret_bytes = UINT64_C(1) << 40;
    else
        *ret_bytes = disk->capacity > used ? disk->capacity - used : 0;
    return OK;
}

static const char *sim_mode(struct disk *port)
{
    (void)port;
    return "simulated";
}

/* ---- power ---- */
static void inode_power_off(struct disk_sim *disk, struct inode *inode, uint64_t keep_of_4)
{
    for (size_t i = 0; i < inode->slot_count; i++) {
        struct slot *slot = &inode->slots[i];
        for (size_t sector = 0; sector < PAGE_SECTORS && slot->dirty != 0; sector++) {
            if ((slot->dirty & (1U << sector)) == 0)
                continue;
            if (random_below(disk->random, 4) < keep_of_4)
                slot_sector_safe(slot, sector);
        }
        slot->dirty = 0;
    }
    if (inode->size_safe != inode->size_now && random_below(disk->random, 4) < keep_of_4)
        inode->size_safe = inode->size_now;
}

static void names_power_off(struct disk_sim *disk)
{
    bool in_order = random_one_in(disk->random, 2);
    size_t kept = (size_t)random_below(disk->random, disk->change_count + 1);
    for (size_t i = 0; i < disk->change_count; i++) {
        if (in_order ? i < kept : random_one_in(disk->random, 2))
            names_change(&disk->safe, &disk->changes[i]);
    }
    disk->change_count = 0;
    for (size_t i = disk->safe.count; i > 0; i--) {
        if (!parent_there(&disk->safe, disk->safe.at[i - 1].path))
            names_remove(&disk->safe, disk->safe.at[i - 1].path);
    }
}

void disk_sim_power_off(struct disk_sim *disk)
{
    if (disk->off)
        return;
    disk->off = true;
    disk->power_fail_at = 0;
    uint64_t keep_of_4 = random_below(disk->random, 5); /* none of it ... all of it */
    for (struct inode *inode = disk->inodes; inode != NULL; inode = inode->next)
        inode_power_off(disk, inode, keep_of_4);
    names_power_off(disk);
}

void disk_sim_power_on(struct disk_sim *disk)
{
    check(disk->off);
    disk->off = false;
    disk->fail_count = 0;
    names_copy(&disk->now, &disk->safe);
    for (struct inode *inode = disk->inodes; inode != NULL; inode = inode->next) {
        check(inode->handles == 0);
        inode->size_now = inode->size_safe;
        for (size_t i = 0; i < inode->slot_count; i++) {
            struct slot *slot = &inode->slots[i];
            if (slot->now == slot->safe)
                continue;
            page_drop(slot->now);
            slot->now = page_share(slot->safe);
        }
    }
    inodes_sweep(disk);
}

void disk_sim_power_fail_in(struct disk_sim *disk, uint64_t calls)
{
    disk->power_fail_at = calls == 0 ? 0 : disk->calls + calls;
}

bool disk_sim_power_is_off(const struct disk_sim *disk)
{
    return disk->off;
}

/* ---- faults ---- */
void disk_sim_fail_in(struct disk_sim *disk, uint64_t calls, uint64_t count)
{
    disk->fail_at = disk->calls + calls;
    disk->fail_count = count;
}

void disk_sim_capacity(struct disk_sim *disk, uint64_t bytes)
{
    disk->capacity = bytes;
}

bool disk_sim_rot(struct disk_sim *disk, const char *path, uint64_t offset, uint64_t size)
{
    struct name *name = names_find(&disk->now, path);
    if (name == NULL || name->inode == NULL || offset + size > name->inode->size_now || size == 0)
        return false;
    struct inode *inode = name->inode;
    inode_grow(inode, offset + size);
    for (uint64_t at = offset; at < offset + size; at++) {
        struct slot *slot = &inode->slots[at / PAGE_SIZE];
        uint8_t flip = (uint8_t)(1U + random_below(disk->random, 255));
        bool same = slot->now == slot->safe;
        page_own(&slot->now)[at % PAGE_SIZE] ^= flip;
        if (same) {
            page_drop(slot->safe);
            slot->safe = page_share(slot->now);
        } else {
            page_own(&slot->safe)[at % PAGE_SIZE] ^= flip;
        }
    }
    return true;
}

bool disk_sim_unreadable(struct disk_sim *disk, const char *path, uint64_t offset, uint64_t size)
{
    const struct name *name = names_find(&disk->now, path);
    if (name == NULL || name->inode == NULL)
        return false;
    name->inode->unreadable_from = offset;
    name->inode->unreadable_to = size == 0 ? 0 : offset + size;
    return true;
}

void disk_sim_fail_reads(struct disk_sim *disk, uint64_t count)
{
    disk->fail_read_count = count;
}

uint64_t disk_sim_changes(const struct disk_sim *disk)
{
    return disk->calls;
}

/* ---- life ---- */
enum err disk_sim_create(struct random *random, struct disk_sim **ret_disk)
{
    struct disk_sim *disk = calloc(1, sizeof *disk);
    if (disk == NULL)
        return ERR_NO_MEMORY;
    disk->random = random;
    disk->port = (struct disk){.open = sim_open,
                               .close = sim_close,
                               .read = sim_read,
                               .write = sim_write,
                               .sync = sim_sync,
                               .size = sim_size,
                               .truncate = sim_truncate,
                               .rename = sim_rename,
                               .remove = sim_remove,
                               .make_folder = sim_make_folder,
                               .sync_folder = sim_sync_folder,
                               .list = sim_list,
                               .free_bytes = sim_free_bytes,
                               .mode = sim_mode};
    *ret_disk = disk;
    return OK;
}

void disk_sim_destroy(struct disk_sim *disk)
{
    if (disk == NULL)
        return;
    while (disk->inodes != NULL) {
        struct inode *next = disk->inodes->next;
        inode_destroy(disk->inodes);
        disk->inodes = next;
    }
    free(disk->now.at);
    free(disk->safe.at);
    free(disk->changes);
    free(disk);
}

struct disk *disk_sim_port(struct disk_sim *disk)
{
    return &disk->port;
}

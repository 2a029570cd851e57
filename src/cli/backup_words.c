#include "cli/backup_words.h"

#include "cli/terminal.h"

static bool words_stop(void *arg)
{
    (void)arg;
    return stop_wanted();
}

static void words_tell(void *arg, enum log_level level, const char *text)
{
    struct backup_words *words = arg;
    progress_clear(&words->progress);
    if (level <= LOG_WARN) {
        words->warned++;
        fail(words->verb, "%s", text);
    }
}

static void words_progress(void *arg, const char *stage, uint64_t done, uint64_t all)
{
    struct backup_words *words = arg;
    progress_show(&words->progress, stage, done, all, "");
}

void backup_words_begin(struct backup_words *words, const char *verb)
{
    *words = (struct backup_words){.verb = verb};
    progress_begin(&words->progress);
    words->port = (struct backup_port){
        .stop = words_stop, .tell = words_tell, .progress = words_progress, .arg = words};
    stop_watch();
}

struct disk *backup_target_open(struct backup_words *words, const char *folder, bool create)
{
    struct disk *disk;
    int pid = 0;
    enum err err = disk_real_open(folder, create, &disk);
    if (err != OK) {
        fail(words->verb, "the folder %s cannot be opened: %s", folder, err_text(err));
        return NULL;
    }
    err = create ? disk_real_lock(disk, &pid) : OK;
    if (err == OK)
        return disk;
    if (err == ERR_LOCKED)
        fail(words->verb, "another backup (process %d) is at work on %s", pid, folder);
    else
        fail(words->verb, "the folder %s cannot be locked: %s", folder, err_text(err));
    disk_real_close(disk);
    return NULL;
}

bool backup_words_list(struct backup_words *words, const char *folder, struct disk *target,
                       struct backup_list *ret_list)
{
    enum err err = backup_list_read(target, &words->port, ret_list);
    if (err != OK) {
        fail(words->verb, "the backups in %s cannot be read: %s", folder, err_text(err));
        return false;
    }
    if (ret_list->count > 0)
        return true;
    fail(words->verb, "there is no backup in %s; `mainstem backup %s` makes one", folder, folder);
    backup_list_done(ret_list);
    return false;
}

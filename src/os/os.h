/* os: the one narrow layer between Mainstem and the operating system.
 *
 * Clock, disk and worker are ports: structs of functions with two bodies. The real bodies are
 * here; the simulated ones are in sim/ and run the same engine on an imagined disk and clock.
 * Sockets, signals and notification have one body only, because the simulator stops below them.
 * Library silence: nothing here logs. */
#pragma once

#include "base/base.h"

/* ---- clock ------------------------------------------------------------------------------------
 */
struct clock {
    int64_t (*boot_ns)(
        struct clock *); /* CLOCK_BOOTTIME: never backwards while the machine is up */
    int64_t (*wall_ns)(struct clock *); /* CLOCK_REALTIME: stamps; may jump */
};
struct clock *clock_real(void); /* one, static; any thread */

/* ---- disk: a folder of files; every path is relative to it, '/' separated, no ".." ------------
 */
enum disk_open_flags {
    DISK_READ = 1,
    DISK_WRITE = 2,
    DISK_CREATE = 4,    /* create when missing */
    DISK_EXCLUSIVE = 8, /* with CREATE: ERR_EXISTS when it is there */
    DISK_DURABLE = 16,  /* each write is synced when it returns: O_DIRECT|O_DSYNC where the file
                           system allows it (offset, size and address multiples of DISK_BLOCK),
                           else pwrite + fdatasync */
};
#define DISK_BLOCK 4096
#define DISK_NAME_SIZE 256

struct disk_file; /* opened by disk->open, owned by the caller, closed by disk->close */
struct disk {
    /* All return ERR_IO, ERR_NO_SPACE, ERR_MISSING, ERR_EXISTS, ERR_REFUSED, ERR_LIMIT (no
     * descriptors), ERR_INVALID (a file where a folder was meant, or the reverse) as fits.
     * Thread-safe on distinct files; one file may be read by one thread while another writes it. */
    enum err (*open)(struct disk *, const char *path, unsigned flags, struct disk_file **ret_file);
    void (*close)(struct disk *, struct disk_file *); /* NULL is fine */
    /* Reads up to size bytes; fewer only at the end of the file. */
    enum err (*read)(struct disk *, struct disk_file *, uint64_t offset, void *at, size_t size,
                     size_t *ret_size);
    /* Writes all or fails; after a failure nothing is known of the range. Of a DISK_DURABLE file,
     * offset, size and address are multiples of DISK_BLOCK, whatever the mode. When a sync failed,
     * the kernel has dropped what it held: from then on this open file answers ERR_STOPPED to
     * durable writes and syncs, so that no later success can be taken for the durability of all. */
    enum err (*write)(struct disk *, struct disk_file *, uint64_t offset, const void *at,
                      size_t size);
    enum err (*sync)(struct disk *, struct disk_file *); /* data and size are on the medium */
    enum err (*size)(struct disk *, struct disk_file *, uint64_t *ret_size);
    enum err (*truncate)(struct disk *, struct disk_file *, uint64_t size);
    enum err (*rename)(struct disk *, const char *from, const char *to); /* replaces `to` */
    enum err (*remove)(struct disk *, const char *path);      /* a file or an empty folder */
    enum err (*make_folder)(struct disk *, const char *path); /* one level; OK when it is there */
    enum err (*sync_folder)(struct disk *,
                            const char *path); /* names are on the medium; "." root */
    /* Calls each for every file (not folder) of the folder, in the byte order of their names,
     * "lock" of the root included. The names are read first: each may rename and remove. */
    enum err (*list)(struct disk *, const char *path,
                     void (*each)(void *arg, const char *name, uint64_t size), void *arg);
    enum err (*free_bytes)(struct disk *, uint64_t *ret_bytes);
    /* How durable writes are done, for the first log line; known once a durable file was opened. */
    const char *(*mode)(struct disk *);
};
/* Opens the folder as a disk; with create, it and the folders above it are made when missing (mode
 * 0750, files 0640). A write past RLIMIT_FSIZE becomes ERR_NO_SPACE instead of the signal SIGXFSZ,
 * which is ignored from the first call on unless the program handles it. */
MUST_USE enum err disk_real_open(const char *folder, bool create, struct disk **ret_disk);
void disk_real_close(struct disk *disk);
/* One process per folder: flock on "lock" inside, ERR_LOCKED (with the holder's pid in *ret_pid,
 * 0 when unknown) when another has it. Released by disk_real_close or the end of the process. */
MUST_USE enum err disk_real_lock(struct disk *disk, int *ret_pid);
/* Durable files opened from now on use the fallback (pwrite + fdatasync): for file systems whose
 * O_DIRECT is slow or lies, and for the tests of the fallback. */
void disk_real_avoid_direct(struct disk *disk);
/* Memory for durable writes, aligned to DISK_BLOCK, not zeroed; NULL when there is none. */
void *os_aligned_alloc(size_t size);
void os_aligned_free(void *at);

/* ---- worker: one thread that does blocking jobs in order, or its simulated twin ---------------
 */
struct job {
    void (*run)(struct job *);  /* on the worker's thread; touches only what the job owns */
    void (*done)(struct job *); /* on the thread that polls, in the order of submission */
    struct job *next;           /* the worker's while the job is under way */
};
struct worker {
    void (*submit)(struct worker *, struct job *); /* owner thread only */
    /* Calls done() of finished jobs; returns how many. Owner thread only. */
    size_t (*poll)(struct worker *);
    /* Waits until every submitted job has run (done() is still called by poll). */
    void (*wait)(struct worker *);
    int (*fd)(struct worker *);       /* readable when poll has something to do; -1: poll always */
    void (*destroy)(struct worker *); /* waits first; the jobs' done() are not called */
};
/* name: at most 15 characters, shown by top -H. */
MUST_USE enum err worker_thread_create(const char *name, struct worker **ret_worker);
/* Runs each job inside submit: for offline verbs and unit tests. */
MUST_USE enum err worker_inline_create(struct worker **ret_worker);

/* ---- random ------------------------------------------------------------------------------------
 */
/* From the kernel; never fails (a check() otherwise). Not for the engine. */
void os_random(void *at, size_t size);

/* ---- memory ------------------------------------------------------------------------------------
 */
/* Zeroed, 2 MiB aligned, MADV_HUGEPAGE; NULL when there is none. size: multiple of 2 MiB. */
#define OS_HUGE_PAGE ((size_t)2 << 20)
void *os_huge_alloc(size_t size);
/* The same in ordinary pages: what is never touched takes no memory. Freed by os_huge_free. */
void *os_sparse_alloc(size_t size);
void os_huge_free(void *at, size_t size);

/* ---- sockets: non-blocking, close-on-exec; writers use MSG_NOSIGNAL -----------------------------
 */
#define OS_ADDRESS_SIZE 64
/* "HOST:PORT", "[v6]:PORT" or ":PORT" (127.0.0.1); HOST a name or number. *ret_fd listens with
 * backlog; port 0 takes a free one, which os_local_address tells. Of a name with several addresses
 * the first that can be bound is taken, IPv4 before IPv6. ERR_INVALID for no address or an unknown
 * name, ERR_EXISTS when the port is taken, ERR_REFUSED when it is not ours to take. */
MUST_USE enum err os_listen(const char *address, int backlog, int *ret_fd);
/* Waits for the connection (OS_CONNECT_MS at most), then the socket is non-blocking as all are;
 * TCP_NODELAY. ERR_MISSING: nobody listens there; ERR_BUSY: no answer in time. */
#define OS_CONNECT_MS 10000
MUST_USE enum err os_connect(const char *address, int *ret_fd);
/* Unix stream sockets for the control door, mode 0600; a path of any length up to PATH_MAX. What a
 * dead server left there is replaced; ERR_EXISTS when a living one answers, or it is no socket. */
MUST_USE enum err os_listen_unix(const char *path, int *ret_fd);
MUST_USE enum err os_connect_unix(const char *path, int *ret_fd);
/* Accepts one connection: OK, ERR_BUSY (none waits), ERR_LIMIT (no descriptors), ERR_IO. Sets
 * TCP_NODELAY; writes "host:port" of the peer ("unix" for a Unix socket) into
 * peer[OS_ADDRESS_SIZE]. */
MUST_USE enum err os_accept(int fd, int *ret_fd, char *peer);
void os_local_address(int fd, char *text); /* text[OS_ADDRESS_SIZE] */
/* Of "HOST:PORT" before listening; of a name, when all its addresses are. false for no address. */
bool os_address_is_loopback(const char *address);

/* ---- child: a program in a process of its own, and what such a process gives up ----------------
 */
/* Starts the program (NULL: this very one) with these words (the first is its name) and an empty
 * environment, in a session of its own. Its descriptor 0 is `in`, 1 is `out` (-1: it leads nowhere,
 * as 2 does), all others are closed. Its pid, or -1. */
MUST_USE int os_child_start(const char *program, char *const *words, int in, int out);
int os_child_kill(int pid); /* SIGKILL, and waits for its end: as waitpid(2) tells it */

/* In the process itself, for good, for it and for what it executes; each alone. */
struct confine_limits {
    uint64_t cpu_s;     /* processor time; 0: as it is */
    uint64_t addresses; /* bytes of address space; 0: as it is */
};
/* Low priority, no core dumps, its memory closed to others, files of size 0 at the most, and an end
 * with the thread that started it. */
void os_confine_resources(const struct confine_limits *limits);
void os_confine_count(uint64_t descriptors); /* no more of them than this, and no processes */
/* Of files only these, and what is below these folders, are read and executed, and none is changed
 * (Landlock); what is open stays so. False: the kernel cannot. */
MUST_USE bool os_confine_files(const char *const *read, size_t count);
enum call_answer {
    CALL_ALLOW,
    CALL_REFUSE,  /* as if permission were missing */
    CALL_DATA,    /* third argument: a protection; refused when it lets memory be run as code */
    CALL_READING, /* third argument: flags of openat; refused when they let write */
};
struct call_rule {
    int number; /* SYS_... */
    enum call_answer answer;
};
/* The calls of the system that it may make from now on (seccomp): at most 128 rules; others are
 * refused, or end it. False: the kernel cannot. */
MUST_USE bool os_confine_calls(const struct call_rule *rules, size_t count, bool others_end_it);

/* ---- process -----------------------------------------------------------------------------------
 */
/* Raises RLIMIT_NOFILE as far as allowed; returns the soft limit reached. */
uint64_t os_raise_file_limit(void);
/* What a process that holds secrets and others' data gives up for good, before it reads any: its
 * memory is in no core dump and open to no other process of its user, what it creates is the
 * owner's alone (umask 077), and no program that it starts gets more rights than it has (no
 * set-uid). Whoever traces it since before it called this keeps sight of it, a debugger or strace
 * that started it: he could see all of it anyway. Under sanitizers, which look into the process
 * from outside, memory stays open. */
void os_harden_process(void);
/* sd_notify protocol (systemd's sd_notify(3)) without the library: "READY=1" and so on, to
 * $NOTIFY_SOCKET when set. */
void os_notify(const char *state);
/* How often at the least that supervisor wants to hear "WATCHDOG=1" ($WATCHDOG_USEC, where it means
 * this process: $WATCHDOG_PID); 0: not at all. */
int64_t os_watchdog_ns(void);
uint64_t os_cpu_ns(void);       /* CPU time of all threads of this process, user and kernel */
uint64_t os_memory_bytes(void); /* resident set */
/* Of the file system that a folder is on: what an ordinary user may still write, and its size.
 * false: the system does not say. */
bool os_folder_space(const char *folder, uint64_t *ret_free, uint64_t *ret_total);

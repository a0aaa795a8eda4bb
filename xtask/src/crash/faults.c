/* A storage layer that fails on command: preloaded under the real binary by `cargo xtask crash`.
 *
 * It stands between the program and the C library for every operation that changes a file under one folder: write, pwrite,
 * writev, ftruncate, fsync, fdatasync, rename, unlink. Each is a step with a number. What shall go wrong is read from a
 * control page that the test shares with it (see `layout` in `control.rs`):
 *
 *   kill_at, mode     at this step: SIGKILL before it, after it, or in the middle of what it writes (torn)
 *   power             before such a kill, forget a random part of what was written and not yet synced, as a power loss does;
 *                     the value seeds which part
 *   full              a write that would make a file longer fails with ENOSPC
 *   fsync_fail_at     this sync fails with EIO once, and a random part of what it should have synced is forgotten;
 *                     `failed` says afterwards whether it was the database's (1) or another file's (2)
 *   lie               a sync says that it is done and is not: for the control of the test itself
 *   skew              seconds by which the wall clock runs ahead, so that windows of days can end
 *
 * To forget, it keeps the old and the new bytes of every write since the file's last successful sync: it puts back the old
 * ones in reverse order and writes a random choice of the new ones again, cut at sectors. Renames and unlinks count as
 * durable at once. One lock around all of it: nothing else changes files while a loss is played.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512

struct control {
    volatile uint64_t steps, kill_at, mode, power, full, syncs, fsync_fail_at, killed, failed, skew, lie;
};
enum { BEFORE = 0, AFTER = 1, TORN = 2 };

/* One change since the file's last sync. A truncation has no new bytes. */
struct change {
    dev_t device;
    ino_t inode;
    off_t offset, old_size, new_size;
    size_t old_length, new_length;
    unsigned char *old_bytes, *new_bytes;
    struct change *earlier;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct control *control;
static char folder[PATH_MAX];
static size_t folder_length;
static struct change *latest;
static uint64_t chance;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_clock)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void) {
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    const char *where = getenv("HYBRIDGE_FAULTS_FOLDER"), *page = getenv("HYBRIDGE_FAULTS_CONTROL");
    if (!where || !page || !realpath(where, folder)) return;
    folder_length = strlen(folder);
    int file = open(page, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared != MAP_FAILED) control = shared;
}

/* xorshift64*: which part of a loss survives is arbitrary but can be replayed. */
static uint64_t draw(void) {
    chance ^= chance >> 12, chance ^= chance << 25, chance ^= chance >> 27;
    return chance * 0x2545F4914F6CDD1DULL;
}

static int is_within(const char *path) {
    return !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

/* Is this a regular file of ours? SQLite's shared-memory index is not: it is rebuilt. */
static int is_ours(int file) {
    char link[64], path[PATH_MAX];
    struct stat facts;
    if (!control) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    if (!is_within(path) || fstat(file, &facts) || !(S_ISREG(facts.st_mode) || S_ISDIR(facts.st_mode))) return 0;
    return length < 4 || strcmp(path + length - 4, "-shm");
}

/* The database or its write-ahead log? */
static int is_database(int file) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    const char *name = strrchr(path, '/');
    return name && (!strcmp(name, "/keys.db") || !strcmp(name, "/keys.db-wal"));
}

static void put_back(int file, struct change *change) {
    if (change->old_length) real_pwrite(file, change->old_bytes, change->old_length, change->offset);
    real_ftruncate(file, change->old_size);
}

/* A part of the sectors of one change reaches the disk, or none, or all. */
static void redo(int file, struct change *change) {
    uint64_t fate = draw() % 4;
    if (fate == 0) return;
    if (!change->new_length) {
        real_ftruncate(file, change->new_size);
        return;
    }
    for (size_t at = 0; at < change->new_length;) {
        size_t sector = SECTOR - (size_t)((change->offset + (off_t)at) % SECTOR);
        size_t length = sector < change->new_length - at ? sector : change->new_length - at;
        if (fate > 1 || draw() % 2) real_pwrite(file, change->new_bytes + at, length, change->offset + (off_t)at);
        at += length;
    }
}

static struct change *reversed(struct change *list) {
    struct change *first = NULL;
    while (list) {
        struct change *next = list->earlier;
        list->earlier = first, first = list, list = next;
    }
    return first;
}

/* A descriptor of our own for a file that the program has open. */
static int descriptor(dev_t device, ino_t inode) {
    char link[64];
    for (int file = 3; file < 4096; file++) {
        struct stat facts;
        if (fstat(file, &facts) || facts.st_dev != device || facts.st_ino != inode) continue;
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        return open(link, O_RDWR | O_CLOEXEC);
    }
    return -1;
}

/* Plays the loss of what is not synced: of one file, or of all (inode 0). */
static void lose(dev_t device, ino_t inode) {
    for (struct change *change = latest; change; change = change->earlier) {
        if (inode && (change->inode != inode || change->device != device)) continue;
        int file = descriptor(change->device, change->inode);
        if (file < 0) continue;
        put_back(file, change);
        close(file);
    }
    latest = reversed(latest);
    for (struct change *change = latest; change; change = change->earlier) {
        if (inode && (change->inode != inode || change->device != device)) continue;
        int file = descriptor(change->device, change->inode);
        if (file < 0) continue;
        redo(file, change);
        close(file);
    }
    latest = reversed(latest);
}

static void die(void) {
    if (control->power) {
        chance = control->power * 0x9E3779B97F4A7C15ULL | 1;
        lose(0, 0);
    }
    control->killed = 1;
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts a step; true where it is the one to die at. */
static int is_last_step(void) { return ++control->steps == control->kill_at; }

static void remember(int file, off_t offset, const void *bytes, size_t length, off_t new_size) {
    struct stat facts;
    if (!(control->power || control->fsync_fail_at) || fstat(file, &facts) || !S_ISREG(facts.st_mode)) return;
    struct change *change = calloc(1, sizeof *change);
    if (!change) abort();
    change->device = facts.st_dev, change->inode = facts.st_ino;
    change->offset = offset, change->old_size = facts.st_size;
    change->new_size = new_size >= 0 ? new_size : facts.st_size;
    size_t reach = new_size >= 0 ? (size_t)(facts.st_size > new_size ? facts.st_size - new_size : 0) : length;
    change->old_bytes = malloc(reach ? reach : 1);
    change->new_bytes = malloc(length ? length : 1);
    if (!change->old_bytes || !change->new_bytes) abort();
    /* The file may be open for writing alone. */
    int own = descriptor(facts.st_dev, facts.st_ino);
    ssize_t got = own < 0 ? 0 : pread(own, change->old_bytes, reach, offset);
    if (own >= 0) close(own);
    change->old_length = got > 0 ? (size_t)got : 0;
    memcpy(change->new_bytes, bytes ? bytes : "", length);
    change->new_length = length;
    change->earlier = latest, latest = change;
}

static void forget(int file) {
    struct stat facts;
    if (fstat(file, &facts)) return;
    for (struct change **at = &latest; *at;) {
        struct change *change = *at;
        if (change->inode != facts.st_ino || change->device != facts.st_dev) {
            at = &change->earlier;
            continue;
        }
        *at = change->earlier;
        free(change->old_bytes), free(change->new_bytes), free(change);
    }
}

static ssize_t put(int file, const void *bytes, size_t length, off_t offset, int at_position) {
    struct stat facts;
    off_t position = at_position ? lseek(file, 0, SEEK_CUR) : offset;
    if (at_position && (fcntl(file, F_GETFL) & O_APPEND) && !fstat(file, &facts)) position = facts.st_size;
    if (control->full && !fstat(file, &facts) && position + (off_t)length > facts.st_size) {
        control->steps++;
        errno = ENOSPC;
        return -1;
    }
    int last = is_last_step();
    if (last && control->mode == BEFORE) die();
    if (last && control->mode == TORN && length > 1) length = 1 + (size_t)(control->steps * 2654435761u) % (length - 1);
    remember(file, position, bytes, length, -1);
    ssize_t written = at_position ? real_write(file, bytes, length) : real_pwrite(file, bytes, length, offset);
    if (last) die();
    return written;
}

ssize_t write(int file, const void *bytes, size_t length) {
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    if (!is_ours(file)) return real_write(file, bytes, length);
    pthread_mutex_lock(&lock);
    ssize_t written = put(file, bytes, length, 0, 1);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off_t offset) {
    if (!is_ours(file)) return real_pwrite(file, bytes, length, offset);
    pthread_mutex_lock(&lock);
    ssize_t written = put(file, bytes, length, offset, 0);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) { return pwrite64(file, bytes, length, offset); }

/* Written piece by piece: each piece is a step of its own. */
ssize_t writev(int file, const struct iovec *pieces, int count) {
    if (!is_ours(file)) return real_writev(file, pieces, count);
    ssize_t total = 0;
    for (int index = 0; index < count; index++) {
        ssize_t written = write(file, pieces[index].iov_base, pieces[index].iov_len);
        if (written < 0) return total ? total : written;
        total += written;
        if ((size_t)written < pieces[index].iov_len) break;
    }
    return total;
}

int ftruncate64(int file, off_t size) {
    if (!is_ours(file)) return real_ftruncate(file, size);
    pthread_mutex_lock(&lock);
    int last = is_last_step();
    if (last && control->mode != AFTER) die();
    remember(file, size, NULL, 0, size);
    int result = real_ftruncate(file, size);
    if (last) die();
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

static int sync_file(int file, int (*real)(int)) {
    if (!is_ours(file)) return real(file);
    pthread_mutex_lock(&lock);
    int last = is_last_step(), result;
    if (last && control->mode != AFTER) die();
    if (++control->syncs == control->fsync_fail_at) {
        struct stat facts;
        chance = control->syncs * 0x9E3779B97F4A7C15ULL | 1;
        if (!fstat(file, &facts)) lose(facts.st_dev, facts.st_ino);
        control->failed = is_database(file) ? 1 : 2;
        forget(file); /* the kernel takes these pages for clean now */
        errno = EIO;
        result = -1;
    } else {
        result = control->lie ? 0 : real(file);
        if (!result && !control->lie) forget(file);
    }
    if (last) die();
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int file) { return sync_file(file, real_fsync); }
int fdatasync(int file) { return sync_file(file, real_fdatasync); }

int rename(const char *from, const char *to) {
    if (!control || !is_within(to)) return real_rename(from, to);
    pthread_mutex_lock(&lock);
    int last = is_last_step();
    if (last && control->mode != AFTER) die();
    int result = real_rename(from, to);
    if (last) die();
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    if (!control || !is_within(path)) return real_unlink(path);
    pthread_mutex_lock(&lock);
    int last = is_last_step();
    if (last && control->mode != AFTER) die();
    int result = real_unlink(path);
    if (last) die();
    pthread_mutex_unlock(&lock);
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!real_clock) real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real_clock(clock, now);
    if (!result && control && clock == CLOCK_REALTIME) now->tv_sec += (time_t)control->skew;
    return result;
}

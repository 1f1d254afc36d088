/* A disk that fails on demand, for the process that loads this before libc (LD_PRELOAD) and for its children.

   The environment variable DISK_SHIM names a file that all of them map. A test writes into it which operation is to go
   wrong; operations are counted over all processes, and only those on files under one folder count. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, FSYNC, RENAME, CREATE, UNLINK, MKDIR, CHMOD, KINDS };
enum act { COUNT, FAIL, FILL, SHORTEN, KILL_BEFORE, KILL_AFTER };

struct plan {
    long act;          /* an enum act */
    long kinds;        /* a bit for each kind that counts */
    long at;           /* 1-based number of the operation that meets it; for FILL that and all after it */
    long error;        /* errno of a failure */
    long main;         /* process that is killed */
    long count;        /* operations so far */
    long each[KINDS];  /* by kind */
    char root[PATH_MAX];
};

static struct plan *plan;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("DISK_SHIM");
    int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int handle = name ? real_open(name, O_RDWR | O_CLOEXEC) : -1;
    if (handle < 0) return;
    void *memory = mmap(NULL, sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    if (memory != MAP_FAILED) plan = memory;
    close(handle);
}

static int inside(const char *path) {
    size_t length = strlen(plan->root);
    return length && strncmp(path, plan->root, length) == 0 && path[length] == '/';
}

static int inside_at(int folder, const char *path) {
    return path[0] == '/' || folder == AT_FDCWD ? inside(path) : 0;
}

static int inside_handle(int handle) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return inside(path);
}

/* What is to become of this operation. */
static enum act meet(enum kind kind) {
    if (!(plan->kinds >> kind & 1)) return COUNT;
    __atomic_add_fetch(&plan->each[kind], 1, __ATOMIC_SEQ_CST);
    long number = __atomic_add_fetch(&plan->count, 1, __ATOMIC_SEQ_CST);
    if (plan->act == FILL && number >= plan->at) return FAIL;
    return number == plan->at ? (enum act)plan->act : COUNT;
}

static void die(void) {
    kill((pid_t)plan->main, SIGKILL);
    if (getpid() == (pid_t)plan->main) for (;;) pause();
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name)

/* Does the operation CALL, unless it is to fail; LESS is what half of it would be, for kinds that can be shortened. */
#define GUARD(type, is_inside, kind, CALL, LESS)              \
    if (!plan || !(is_inside)) return CALL;                   \
    enum act act = meet(kind);                                \
    if (act == FAIL) { errno = (int)plan->error; return -1; } \
    if (act == KILL_BEFORE) die();                            \
    if (act == SHORTEN) return LESS;                          \
    type result = CALL;                                       \
    if (act == KILL_AFTER) die();                             \
    return result

ssize_t write(int handle, const void *data, size_t size) {
    REAL(write);
    GUARD(ssize_t, inside_handle(handle), WRITE, real(handle, data, size), real(handle, data, (size + 1) / 2));
}

ssize_t pwrite64(int handle, const void *data, size_t size, off64_t at) {
    REAL(pwrite64);
    GUARD(ssize_t, inside_handle(handle), WRITE, real(handle, data, size, at), real(handle, data, (size + 1) / 2, at));
}

ssize_t writev(int handle, const struct iovec *parts, int count) {
    REAL(writev);
    GUARD(ssize_t, inside_handle(handle), WRITE, real(handle, parts, count), real(handle, parts, 1));
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *stream) {
    REAL(fwrite);
    if (!plan || !inside_handle(fileno(stream))) return real(data, size, count, stream);
    enum act act = meet(WRITE);
    if (act == FAIL || act == SHORTEN) {
        errno = (int)plan->error;
        return real(data, size, count / 2, stream);
    }
    if (act == KILL_BEFORE) die();
    size_t result = real(data, size, count, stream);
    if (act == KILL_AFTER) die();
    return result;
}

int fsync(int handle) {
    REAL(fsync);
    GUARD(int, inside_handle(handle), FSYNC, real(handle), real(handle));
}

int rename(const char *from, const char *to) {
    REAL(rename);
    GUARD(int, inside(to), RENAME, real(from, to), real(from, to));
}

int unlink(const char *path) {
    REAL(unlink);
    GUARD(int, inside(path), UNLINK, real(path), real(path));
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    GUARD(int, inside(path), MKDIR, real(path, mode), real(path, mode));
}

int chmod(const char *path, mode_t mode) {
    REAL(chmod);
    GUARD(int, inside(path), CHMOD, real(path, mode), real(path, mode));
}

#define MODE                                       \
    mode_t mode = 0;                               \
    if (flags & O_CREAT || flags & __O_TMPFILE) {  \
        va_list rest;                              \
        va_start(rest, flags);                     \
        mode = (mode_t)va_arg(rest, int);          \
        va_end(rest);                              \
    }

#define CREATES (flags & (O_CREAT | O_TRUNC))

int open(const char *path, int flags, ...) {
    MODE
    REAL(open);
    GUARD(int, CREATES && inside(path), CREATE, real(path, flags, mode), real(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    MODE
    REAL(open64);
    GUARD(int, CREATES && inside(path), CREATE, real(path, flags, mode), real(path, flags, mode));
}

int openat64(int folder, const char *path, int flags, ...) {
    MODE
    REAL(openat64);
    GUARD(int, CREATES && inside_at(folder, path), CREATE, real(folder, path, flags, mode), real(folder, path, flags, mode));
}

FILE *fopen64(const char *path, const char *how) {
    REAL(fopen64);
    if (!plan || how[0] == 'r' || !inside(path)) return real(path, how);
    enum act act = meet(CREATE);
    if (act == FAIL) {
        errno = (int)plan->error;
        return NULL;
    }
    if (act == KILL_BEFORE) die();
    FILE *result = real(path, how);
    if (act == KILL_AFTER) die();
    return result;
}

FILE *fopen(const char *path, const char *how) { return fopen64(path, how); }

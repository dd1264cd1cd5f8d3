// A disk without power behind it, for one program: loaded with LD_PRELOAD it keeps a diary of everything that was written below a path and is not
// durable yet, so that whoever pulls the plug can take back what a disk might have lost. The program itself sees what it wrote, as it would.
//   POWER_PATH   files whose paths begin like this are watched (but for those that end in -shm or .lock: they hold nothing that has to last)
//   POWER_DIARY  where the diary goes
//   POWER_CUT_AFTER  the program dies (SIGKILL) at its so-manieth write or sync
// One record: kind (1 byte), length of the path (2), path, start (8), end (8), size before (8), length of old bytes (4), old bytes; little-endian.
//   'w' written: the sectors that it touches and what was in them (nothing behind the old end)   't' cut to a size: what was behind it
//   's' the file is durable   'c' a file was made   'd' the directory is durable: what was made in it stays
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_fds = 4096, sector = 512 };

static char *paths[most_fds];
static char is_directory[most_fds];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int diary = -1;
static long left = -1;

static int (*real_open)(const char *, int, ...);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_close)(int);

__attribute__((constructor)) static void begin(void) {
  real_open = dlsym(RTLD_NEXT, "open64");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_close = dlsym(RTLD_NEXT, "close");
  const char *after = getenv("POWER_CUT_AFTER");
  if (after != NULL) left = atol(after);
  const char *where = getenv("POWER_DIARY");
  if (where != NULL) diary = real_open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int ends_in(const char *path, const char *end) {
  size_t all = strlen(path), tail = strlen(end);
  return all >= tail && strcmp(path + all - tail, end) == 0;
}

static int is_watched(const char *path) {
  const char *prefix = getenv("POWER_PATH");
  if (prefix == NULL || diary < 0 || strncmp(path, prefix, strlen(prefix)) != 0) return 0;
  return !ends_in(path, "-shm") && !ends_in(path, ".lock");
}

// Whether the path is the directory that the watched files lie in.
static int is_their_directory(const char *path) {
  const char *prefix = getenv("POWER_PATH");
  if (prefix == NULL || diary < 0) return 0;
  const char *slash = strrchr(prefix, '/');
  return slash != NULL && (size_t)(slash - prefix) == strlen(path) && strncmp(path, prefix, strlen(path)) == 0;
}

static void note(char kind, const char *path, uint64_t start, uint64_t end, uint64_t size, const void *old, uint32_t length) {
  uint16_t path_length = (uint16_t)strlen(path);
  size_t all = 1 + 2 + path_length + 8 + 8 + 8 + 4 + length;
  char *record = malloc(all), *at = record;
  *at++ = kind;
  memcpy(at, &path_length, 2), at += 2;
  memcpy(at, path, path_length), at += path_length;
  memcpy(at, &start, 8), at += 8;
  memcpy(at, &end, 8), at += 8;
  memcpy(at, &size, 8), at += 8;
  memcpy(at, &length, 4), at += 4;
  if (length > 0) memcpy(at, old, length);
  if (real_write(diary, record, all) != (ssize_t)all) abort();
  free(record);
}

// Notes what is in the sectors of [from, to) before they change.
static void note_old(char kind, int fd, off_t from, off_t to) {
  struct stat now;
  if (fstat(fd, &now) != 0) abort();
  off_t start = from / sector * sector, end = (to + sector - 1) / sector * sector;
  off_t held = end > now.st_size ? now.st_size : end;
  ssize_t length = held > start ? held - start : 0;
  char *old = malloc(length > 0 ? (size_t)length : 1);
  if (length > 0 && pread(fd, old, (size_t)length, start) != length) abort();
  note(kind, paths[fd], (uint64_t)start, (uint64_t)end, (uint64_t)now.st_size, old, (uint32_t)length);
  free(old);
}

static int is_last(void) { return left > 0 && --left == 0; }

static void die_if(int now) {
  if (now) kill(getpid(), SIGKILL);
}

static const char *path_of(int fd) { return fd >= 0 && fd < most_fds ? paths[fd] : NULL; }

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  int watched = is_watched(path), directory = !watched && is_their_directory(path);
  int is_new = watched && (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
  int fd = real_open(path, flags, mode);
  if (fd >= 0 && fd < most_fds && (watched || directory)) {
    pthread_mutex_lock(&lock);
    paths[fd] = strdup(path);
    is_directory[fd] = (char)directory;
    if (is_new) note('c', path, 0, 0, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
  }
  return fd;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open64(path, flags, mode);
}

int close(int fd) {
  if (path_of(fd) != NULL) {
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = NULL;
    pthread_mutex_unlock(&lock);
  }
  return real_close(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  if (path_of(fd) == NULL) return real_pwrite(fd, bytes, length, offset);
  pthread_mutex_lock(&lock);
  int last = is_last();
  note_old('w', fd, offset, offset + (off_t)length);
  ssize_t written = real_pwrite(fd, bytes, length, offset);
  die_if(last);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
  if (path_of(fd) == NULL) return real_write(fd, bytes, length);
  return pwrite64(fd, bytes, length, lseek(fd, (off_t)length, SEEK_CUR) - (off_t)length);
}

int ftruncate64(int fd, off_t size) {
  if (path_of(fd) == NULL) return real_ftruncate(fd, size);
  pthread_mutex_lock(&lock);
  int last = is_last();
  note_old('t', fd, size, INT64_MAX - sector);
  int done = real_ftruncate(fd, size);
  die_if(last);
  pthread_mutex_unlock(&lock);
  return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int synced(int fd, int (*sync)(int)) {
  if (path_of(fd) == NULL) return sync(fd);
  pthread_mutex_lock(&lock);
  die_if(is_last());
  // The machine itself keeps running, so the data need not reach its disk: what counts is that the program asked for it.
  note(is_directory[fd] ? 'd' : 's', paths[fd], 0, 0, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fsync(int fd) { return synced(fd, real_fsync); }

int fdatasync(int fd) { return synced(fd, real_fdatasync); }

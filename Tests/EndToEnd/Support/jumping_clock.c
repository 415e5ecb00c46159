// Loaded into a process with LD_PRELOAD: its wall clock is ahead of the system's by the seconds in the file that
// JUMPING_CLOCK_FILE names, from the moment they are written there; CLOCK_MONOTONIC and CLOCK_BOOTTIME are left alone.
//
// libfaketime does more, but changes the environment at start, after which a Swift program no longer finds its arguments.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void) {
    char text[32] = "";
    const char *name = getenv("JUMPING_CLOCK_FILE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) { return 0; }
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    return count > 0 ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int status = (int)syscall(SYS_clock_gettime, clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) { now->tv_sec += offset(); }
    return status;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    now->tv_sec = time.tv_sec;
    now->tv_usec = time.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    if (now) { *now = time.tv_sec; }
    return time.tv_sec;
}

// The system's clock did not jump, so a wait until a time of the clock that did is moved back by as much. A condition that
// waits by another clock is recognised by its time being nowhere near the wall clock's.
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    static int (*original)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!original) { original = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"); }
    struct timespec moved = *until;
    if (until->tv_sec > 500000000) { moved.tv_sec -= offset(); }
    return original(condition, mutex, &moved);
}

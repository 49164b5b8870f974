/*
 * drive_floor latency|spin ROUNDS: one thread signals an eventfd and watches a word; another waits for the eventfd by epoll, edge-triggered and
 * never read, asleep or spinning, and sets the word. Prints the median nanoseconds from before the signal to the word seen.
 *
 * drive_floor access ROUNDS: prints the nanoseconds of a volatile 32-bit load from a shared mapping, each load's address hanging on the last
 * one's value, and of a store.
 *
 * What the kernel and the processor take, and no library can do without.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int event, epoll, spinning;
static atomic_long seen;

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void *waiter(void *unused)
{
    struct epoll_event events[64];
    (void)unused;
    for (;;) {
        int count = epoll_wait(epoll, events, 64, spinning ? 0 : -1);
        for (int i = 0; i < count; i++)
            atomic_fetch_add(&seen, 1);
    }
    return NULL;
}

static int ascending(const void *a, const void *b)
{
    long left = *(const long *)a, right = *(const long *)b;
    return (left > right) - (left < right);
}

static int latency(int rounds)
{
    pthread_t thread;
    long *times = calloc((size_t)rounds, sizeof *times);
    event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event watched = { .events = EPOLLIN | EPOLLET };
    if (!times || event < 0 || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &watched) || pthread_create(&thread, NULL, waiter, NULL))
        return 71;
    for (int i = 0; i < rounds; i++) {
        /* Time for the waiter to be asleep again. */
        for (long until = now() + 20000; now() < until;)
            ;
        uint64_t one = 1;
        long before = atomic_load(&seen), start = now();
        if (write(event, &one, sizeof one) != sizeof one)
            return 71;
        while (atomic_load_explicit(&seen, memory_order_acquire) == before)
            ;
        times[i] = now() - start;
    }
    qsort(times, (size_t)rounds, sizeof *times, ascending);
    printf("%ld\n", times[rounds / 2]);
    return 0;
}

static int accesses(int rounds)
{
    int file = memfd_create("floor", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, 4096))
        return 71;
    volatile char *bar = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (bar == MAP_FAILED)
        return 71;
    long start = now();
    uint32_t last = 0;
    for (int i = 0; i < rounds; i++)
        last = *(volatile uint32_t *)(bar + 0x10 + last);
    long middle = now();
    for (int i = 0; i < rounds; i++)
        *(volatile uint32_t *)(bar + 0x20) = (uint32_t)i;
    long end = now();
    printf("%.3f %.3f\n", (double)(middle - start) / rounds, (double)(end - middle) / rounds);
    return 0;
}

int main(int count, char **arguments)
{
    if (count != 3)
        return 64;
    int rounds = atoi(arguments[2]);
    spinning = !strcmp(arguments[1], "spin");
    return !strcmp(arguments[1], "access") ? accesses(rounds) : latency(rounds);
}

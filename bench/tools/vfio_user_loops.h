/*
 * The loops that measure, the same for vfio_user_client and vfio_user_floor, so that a figure and its floor differ in nothing but who answers.
 * Each measurement prints one line of plain numbers:
 *
 *     roundtrip blocking|spinning ROUNDS           median and 99th percentile of the nanoseconds from before a read is sent to its reply, checked
 *     pipelined blocking|spinning DEPTH REQUESTS   reads a second with DEPTH of them in flight: as many are sent at once as replies came at once
 *     posted WRITES                                writes a second that want no reply, a system call each; the last one wants one
 *     interrupt blocking|spinning ROUNDS           median and 99th percentile of the nanoseconds from before the posted write of a register that
 *                                                  raises an interrupt to its eventfd, read
 *     mapped ROUNDS                                nanoseconds of a load, its address hanging on the last one's value, and of a store
 *
 * A fifth of the rounds goes before, unmeasured, but for what is mapped.
 */
#ifndef VFIO_USER_LOOPS_H
#define VFIO_USER_LOOPS_H

#include "vfio_user.h"

static int ascending(const void *a, const void *b)
{
    long left = *(const long *)a, right = *(const long *)b;
    return (left > right) - (left < right);
}

static void print_counter(struct link *link, uint64_t before, long requests)
{
    if (link->counter >= 0)
        printf(" %.3f", (double)(counter(link) - before) / (double)requests);
    putchar('\n');
}

static void print_times(struct link *link, long *times, long rounds, uint64_t before)
{
    qsort(times, (size_t)rounds, sizeof *times, ascending);
    printf("%ld %ld", times[rounds / 2], times[rounds - 1 - rounds / 100]);
    print_counter(link, before, rounds);
    free(times);
}

static long *room_for(long rounds)
{
    long *times = rounds > 0 ? calloc((size_t)rounds, sizeof *times) : NULL;
    if (!times)
        fail("no room for %ld rounds", rounds);
    return times;
}

static void round_trips(struct link *link, int spinning, long rounds)
{
    long *times = room_for(rounds);
    for (long i = 0; i < rounds / 5; i++)
        read_register(link, link->offset, link->width, spinning);
    uint64_t before = counter(link);
    for (long i = 0; i < rounds; i++) {
        long start = now();
        read_register(link, link->offset, link->width, spinning);
        times[i] = now() - start;
    }
    print_times(link, times, rounds, before);
}

static void send_reads(struct link *link, long count)
{
    static char bytes[DEEPEST * READ_REQUEST];
    for (long i = 0; i < count; i++) {
        struct access request = request_of(link, REGION_READ, link->offset, link->width, 0);
        memcpy(bytes + i * READ_REQUEST, &request, READ_REQUEST);
    }
    if (count)
        send_all(link->socket, bytes, (size_t)count * READ_REQUEST);
}

/* Replies come in the order of the requests: a server processes them in that order. */
static void keep_in_flight(struct link *link, int spinning, long depth, long requests)
{
    static char bytes[BUFFER];
    unsigned id = link->last_id + 1u;
    struct access request = request_of(link, REGION_READ, link->offset, link->width, 0), reply;
    long sent = depth < requests ? depth : requests, answered = 0;
    size_t held = 0, size = reply_size(&request);
    link->last_id--;
    send_reads(link, sent);
    while (answered < requests) {
        size_t at = 0;
        long replies = 0;
        held += receive_some(link->socket, bytes + held, sizeof bytes - held, spinning);
        for (; held - at >= sizeof reply.header; at += size, replies++) {
            memcpy(&reply.header, bytes + at, sizeof reply.header);
            check_header(&reply.header, id + (unsigned)(answered + replies), REGION_READ, size);
            if (held - at < size)
                break;
            memcpy(&reply, bytes + at, size);
            check_reply(&reply, &request);
        }
        memmove(bytes, bytes + at, held - at);
        held -= at;
        answered += replies;
        long more = requests - sent < replies ? requests - sent : replies;
        send_reads(link, more);
        sent += more;
    }
}

static void pipelined(struct link *link, int spinning, long depth, long requests)
{
    if (depth < 1 || depth > DEEPEST)
        fail("%ld in flight: 1 to %d", depth, DEEPEST);
    keep_in_flight(link, spinning, depth, requests / 5);
    uint64_t before = counter(link);
    long start = now();
    keep_in_flight(link, spinning, depth, requests);
    printf("%.0f", (double)requests * 1e9 / (double)(now() - start));
    print_counter(link, before, requests);
}

static void write_posted(struct link *link, uint64_t offset, size_t width, uint64_t value)
{
    struct access request = request_of(link, REGION_WRITE, offset, width, value);
    request.header.flags = NO_REPLY;
    send_all(link->socket, &request, request.header.size);
}

/* The register must keep what is written to it: that tells that no write was dropped or passed by another. */
static void write_many(struct link *link, long writes)
{
    uint64_t mask = link->width < 8 ? (1ul << 8 * link->width) - 1 : ~0ul;
    for (long i = 1; i < writes; i++)
        write_posted(link, link->offset, link->width, (uint64_t)i);
    struct access last = request_of(link, REGION_WRITE, link->offset, link->width, (uint64_t)writes);
    ask(link, &last, 0);
    if ((read_register(link, link->offset, link->width, 0) ^ (uint64_t)writes) & mask)
        fail("the register does not hold what was written to it last");
}

static void posted(struct link *link, long writes)
{
    write_many(link, writes / 5 + 1);
    uint64_t before = counter(link);
    long start = now();
    write_many(link, writes);
    printf("%.0f", (double)writes * 1e9 / (double)(now() - start));
    print_counter(link, before, writes);
}

static void await_event(struct link *link, int spinning)
{
    uint64_t count = 0;
    /* The eventfd itself blocks or not, as the one who made it chose. */
    while (read(link->event, &count, sizeof count) < 0)
        if (errno != EINTR && !(spinning && errno == EAGAIN))
            fail("cannot wait for the interrupt: %s", strerror(errno));
    if (count != 1)
        fail("the interrupt was raised %lu times", (unsigned long)count);
}

static void interrupts(struct link *link, int spinning, long rounds)
{
    long *times = room_for(rounds);
    uint64_t before = 0;
    for (long i = -rounds / 5; i < rounds; i++) {
        if (i == 0)
            before = counter(link);
        /* The server is done with the last round, and has time to fall asleep again: also where it shares this processor. */
        read_register(link, link->offset, link->width, spinning);
        for (long until = now() + 20000; now() < until;)
            sched_yield();
        long start = now();
        write_posted(link, link->raise_offset, 4, link->raise_value);
        await_event(link, spinning);
        if (i >= 0)
            times[i] = now() - start;
    }
    print_times(link, times, rounds, before);
}

static void mapped(struct link *link, long rounds)
{
    volatile char *page = link->page + link->page_offset;
    *(volatile uint32_t *)page = 0;
    long start = now();
    uint32_t last = 0;
    for (long i = 0; i < rounds; i++)
        last = *(volatile uint32_t *)(page + last);
    long middle = now();
    for (long i = 0; i < rounds; i++)
        *(volatile uint32_t *)(page + 0x20) = (uint32_t)i;
    long end = now();
    if (*(volatile uint32_t *)(page + 0x20) != (uint32_t)(rounds - 1))
        fail("the mapping does not hold what was stored last");
    printf("%.3f %.3f\n", (double)(middle - start) / (double)rounds, (double)(end - middle) / (double)rounds);
}

static int spins(const char *word)
{
    if (word && !strcmp(word, "spinning"))
        return 1;
    if (!word || strcmp(word, "blocking"))
        fail("blocking or spinning, not %s", word ? word : "nothing");
    return 0;
}

/* What a measurement needs beside the socket must be there. */
static void measure(struct link *link, char **arguments)
{
    const char *what = arguments[0] ? arguments[0] : "nothing";
    pin(link->cpu);
    if (!strcmp(what, "roundtrip"))
        round_trips(link, spins(arguments[1]), number(arguments[2]));
    else if (!strcmp(what, "pipelined") && arguments[1] && arguments[2])
        pipelined(link, spins(arguments[1]), number(arguments[2]), number(arguments[3]));
    else if (!strcmp(what, "posted"))
        posted(link, number(arguments[1]));
    else if (!strcmp(what, "interrupt"))
        interrupts(link, spins(arguments[1]), number(arguments[2]));
    else if (!strcmp(what, "mapped"))
        mapped(link, number(arguments[1]));
    else
        fail("roundtrip, pipelined, posted, interrupt or mapped, not %s", what);
}

#endif

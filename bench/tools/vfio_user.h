/*
 * What vfio_user_client and vfio_user_floor have in common: options, messages and the checks of every reply. A wrong reply, a lost one and one that
 * does not come in time end the program.
 */
#ifndef VFIO_USER_H
#define VFIO_USER_H

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum command { VERSION = 1, GET_INFO = 4, GET_REGION_INFO = 5, GET_IRQ_INFO = 7, SET_IRQS = 8, REGION_READ = 9, REGION_WRITE = 10 };
enum flag { TYPE = 0xf, REPLY = 1, NO_REPLY = 0x10, ERROR = 0x20 };
enum limit { DEEPEST = 256, WIDEST = 8, BUFFER = 64 << 10 };

struct header {
    uint16_t id, command;
    uint32_t size, flags, error;
};

struct access {
    struct header header;
    uint64_t offset;
    uint32_t region, count;
    uint8_t data[WIDEST];
};

enum { READ_REQUEST = offsetof(struct access, data) };
_Static_assert(READ_REQUEST == 32, "a read's request is 32 bytes long");

/* What is measured, and where. */
struct link {
    int socket, event, cpu, server_cpu, seconds;
    uint32_t bar, vector;
    size_t width;
    uint64_t offset, raise_offset, raise_value;
    long counter;
    volatile char *page;
    size_t page_offset;
    uint16_t last_id;
};

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(76);
}

static void out_of_time(int number)
{
    static const char text[] = "vfio_user: out of time: a reply or an interrupt was lost\n";
    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(75);
}

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void pin(int cpu)
{
    cpu_set_t set;
    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        fail("cannot run on CPU %d: %s", cpu, strerror(errno));
}

static long number(const char *text)
{
    char *end;
    long value = text ? strtol(text, &end, 0) : -1;
    if (!text || end == text || *end || value < 0)
        fail("not a number: %s", text ? text : "nothing");
    return value;
}

/* Reads --NAME VALUE pairs; returns where they end. */
static char **options(struct link *link, char **arguments)
{
    *link = (struct link){ .cpu = -1, .server_cpu = -1, .seconds = 60, .width = 4, .raise_offset = 8, .counter = -1, .event = -1 };
    for (; *arguments && !strncmp(*arguments, "--", 2); arguments += 2) {
        const char *name = *arguments + 2;
        long value = number(arguments[1]);
        if (!strcmp(name, "cpu"))
            link->cpu = (int)value;
        else if (!strcmp(name, "server-cpu"))
            link->server_cpu = (int)value;
        else if (!strcmp(name, "seconds"))
            link->seconds = (int)value;
        else if (!strcmp(name, "bar"))
            link->bar = (uint32_t)value;
        else if (!strcmp(name, "offset"))
            link->offset = (uint64_t)value;
        else if (!strcmp(name, "width") && value && value <= WIDEST)
            link->width = (size_t)value;
        else if (!strcmp(name, "vector"))
            link->vector = (uint32_t)value;
        else if (!strcmp(name, "raise-offset"))
            link->raise_offset = (uint64_t)value;
        else if (!strcmp(name, "raise-value"))
            link->raise_value = (uint64_t)value;
        else if (!strcmp(name, "counter"))
            link->counter = value;
        else
            fail("not an option: --%s %ld", name, value);
    }
    signal(SIGALRM, out_of_time);
    alarm((unsigned)link->seconds);
    return arguments;
}

static void send_all(int socket, const void *bytes, size_t size)
{
    while (size) {
        ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            fail("cannot send: %s", strerror(errno));
        bytes = (const char *)bytes + sent;
        size -= (size_t)sent;
    }
}

static size_t receive_some(int socket, void *bytes, size_t size, int spinning)
{
    for (;;) {
        ssize_t received = recv(socket, bytes, size, spinning ? MSG_DONTWAIT : 0);
        if (received > 0)
            return (size_t)received;
        if (received == 0)
            fail("the server hung up");
        if (errno != EINTR && !(spinning && errno == EAGAIN))
            fail("cannot receive: %s", strerror(errno));
    }
}

static void check_header(const struct header *reply, unsigned id, unsigned command, size_t size)
{
    if (reply->id != (uint16_t)id || reply->command != command)
        fail("a reply to command %u, message %u, where one to %u, message %u, was due", reply->command, reply->id, command, (uint16_t)id);
    if ((reply->flags & TYPE) != REPLY)
        fail("flags 0x%x in a reply to command %u", reply->flags, command);
    if (reply->flags & ERROR)
        fail("command %u was refused: %s", command, strerror((int)reply->error));
    if (reply->size != size)
        fail("%u bytes in a reply to command %u, not %zu", reply->size, command, size);
}

static size_t reply_size(const struct access *request)
{
    return READ_REQUEST + (request->header.command == REGION_READ ? request->count : 0);
}

static void check_reply(const struct access *reply, const struct access *request)
{
    if (reply->offset != request->offset || reply->region != request->region || reply->count != request->count)
        fail("the reply to command %u is about %u bytes at 0x%lx of region %u, not %u at 0x%lx of %u", request->header.command, reply->count,
             (long)reply->offset, reply->region, request->count, (long)request->offset, request->region);
}

static struct access request_of(struct link *link, enum command command, uint64_t offset, size_t width, uint64_t value)
{
    struct access request = { .header = { .id = ++link->last_id, .command = command }, .offset = offset, .region = link->bar,
                              .count = (uint32_t)width };
    request.header.size = (uint32_t)(READ_REQUEST + (command == REGION_WRITE ? width : 0));
    memcpy(request.data, &value, width);
    return request;
}

/* Sends a request and waits for its reply. The header is looked at as soon as it is there: a refusal is shorter than what is waited for. */
static uint64_t ask(struct link *link, const struct access *request, int spinning)
{
    struct access reply = { 0 };
    size_t expected = reply_size(request), held = 0;
    uint64_t value = 0;
    send_all(link->socket, request, request->header.size);
    while (held < expected) {
        held += receive_some(link->socket, (char *)&reply + held, expected - held, spinning);
        if (held >= sizeof reply.header)
            check_header(&reply.header, request->header.id, request->header.command, expected);
    }
    check_reply(&reply, request);
    memcpy(&value, reply.data, expected - READ_REQUEST);
    return value;
}

static uint64_t read_register(struct link *link, uint64_t offset, size_t width, int spinning)
{
    struct access request = request_of(link, REGION_READ, offset, width, 0);
    return ask(link, &request, spinning);
}

/* A register of the server that counts the bytes it has allocated since it started, which are never none. */
static uint64_t counter(struct link *link)
{
    uint64_t bytes = link->counter < 0 ? 1 : read_register(link, (uint64_t)link->counter, 8, 0);
    if (!bytes)
        fail("the server does not say how much it has allocated");
    return bytes;
}

#endif

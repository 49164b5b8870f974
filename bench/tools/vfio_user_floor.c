/*
 * vfio_user_floor [--NAME VALUE]... MEASUREMENT: measures what vfio_user_client does, by the same code, of a server that is no server: a process at
 * the other end of a socket pair that receives as much as there is, answers what it must by the size of the message, and sends all its answers
 * at once. What the kernel and the processor take, and no library can do without.
 *
 *     --cpu N, --server-cpu N    where the two run
 *
 * and the client's other options.
 */
#define _GNU_SOURCE
#include "vfio_user_loops.h"
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static uint64_t registers[BUFFER / 8];

/* Answers a message, and returns how long the answer is. */
static size_t answer(struct link *link, const struct access *request, char *out)
{
    char *place = (char *)registers + request->offset % (sizeof registers - WIDEST);
    if (request->header.command == REGION_WRITE) {
        uint64_t one = 1;
        memcpy(place, request->data, request->count);
        if (link->event >= 0 && request->offset == link->raise_offset && write(link->event, &one, sizeof one) != sizeof one)
            fail("cannot raise the interrupt: %s", strerror(errno));
        if (request->header.flags & NO_REPLY)
            return 0;
    }
    struct access reply = *request;
    size_t size = reply_size(request);
    reply.header.size = (uint32_t)size;
    reply.header.flags = REPLY;
    memcpy(reply.data, place, size - READ_REQUEST);
    memcpy(out, &reply, size);
    return size;
}

__attribute__((noreturn)) static void serve(struct link *link, int spinning)
{
    static char in[BUFFER], out[2 * BUFFER];
    size_t held = 0;
    for (;;) {
        ssize_t received = recv(link->socket, in + held, sizeof in - held, spinning ? MSG_DONTWAIT : 0);
        size_t at = 0, answered = 0;
        if (received == 0)
            _exit(0);
        if (received < 0) {
            if (errno == EINTR || (spinning && errno == EAGAIN))
                continue;
            fail("the server cannot receive: %s", strerror(errno));
        }
        held += (size_t)received;
        while (held - at >= READ_REQUEST) {
            struct access request = { 0 };
            memcpy(&request, in + at, held - at < sizeof request ? held - at : sizeof request);
            if (request.header.size < READ_REQUEST || request.header.size > sizeof request || request.count > WIDEST)
                fail("the server was asked in %u bytes", request.header.size);
            if (held - at < request.header.size)
                break;
            answered += answer(link, &request, out + answered);
            at += request.header.size;
        }
        memmove(in, in + at, held - at);
        held -= at;
        if (answered)
            send_all(link->socket, out, answered);
    }
}

int main(int count, char **arguments)
{
    struct link link;
    int ends[2], page;
    if (count < 2) {
        fputs("vfio_user_floor [--NAME VALUE]... MEASUREMENT\n", stderr);
        return 64;
    }
    char **measurement = options(&link, arguments + 1);
    const char *what = measurement[0] ? measurement[0] : "nothing";
    int spinning = measurement[0] && measurement[1] && !strcmp(measurement[1], "spinning");

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        fail("no socket pair: %s", strerror(errno));
    if (!strcmp(what, "interrupt")) {
        link.event = eventfd(0, EFD_CLOEXEC | (spinning ? EFD_NONBLOCK : 0));
        if (link.event < 0)
            fail("no eventfd: %s", strerror(errno));
    }
    if (!strcmp(what, "mapped")) {
        page = memfd_create("floor", MFD_CLOEXEC);
        if (page < 0 || ftruncate(page, 4096))
            fail("no memory to map: %s", strerror(errno));
        link.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
        if (link.page == MAP_FAILED)
            fail("cannot map: %s", strerror(errno));
    }

    pid_t parent = getpid(), child = fork();
    if (child < 0)
        fail("cannot fork: %s", strerror(errno));
    if (child == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
            _exit(71);
        close(ends[0]);
        link.socket = ends[1];
        pin(link.server_cpu);
        serve(&link, spinning);
    }
    close(ends[1]);
    link.socket = ends[0];
    measure(&link, measurement);
    return 0;
}

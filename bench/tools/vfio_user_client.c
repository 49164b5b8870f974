/*
 * vfio_user_client SOCKET [--NAME VALUE]... MEASUREMENT: connects to any vfio-user server, asks what a client must ask and measures what
 * vfio_user_loops.h lists.
 *
 * vfio_user_client hold SOCKET...: connects to each, asks the same, prints how many there are and holds them until it is ended.
 *
 *     --cpu N            where to run (the server is pinned by whoever starts it)
 *     --bar N, --offset N, --width N            the register read and written: BAR 0, offset 0, 4 bytes; or the BAR that is mapped
 *     --vector N, --raise-offset N, --raise-value N   the MSI-X vector, and the register and value that raise it: 0, 8, 0
 *     --counter N        an 8-byte register of that BAR that counts bytes allocated: what it grew by per round is printed behind the rest
 *     --seconds N        the time that all may take: 60
 */
#define _GNU_SOURCE
#include "vfio_user_loops.h"
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/un.h>

enum { MSIX = 2, MAPPABLE = 4, HAS_CAPABILITIES = 8, SPARSE = 1, IS_PCI = 2, TRIGGER_BY_EVENTFD = 0x24 };

struct version {
    struct header header;
    uint16_t major, minor;
    char text[1024];
};

struct device_info {
    struct header header;
    uint32_t size, flags, regions, interrupts;
};

struct region_info {
    struct header header;
    uint32_t size, flags, index, capabilities;
    uint64_t length, offset;
    char rest[4096];
};

struct sparse {
    uint16_t id, version;
    uint32_t next, count, reserved;
    uint64_t offset, length;
};

struct interrupt_info {
    struct header header;
    uint32_t size, flags, index, count;
};

struct interrupt_set {
    struct header header;
    uint32_t size, flags, index, start, count;
};

enum { REGION_INFO = offsetof(struct region_info, rest) - sizeof(struct header) };

/* Sends a message, with a descriptor unless that is -1, and receives its reply in place; returns the descriptor that came with it, or -1. */
static int converse(struct link *link, struct header *message, size_t least, size_t most, int descriptor)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(8 * sizeof(int))];
    } control = { 0 };
    unsigned id = message->id = ++link->last_id, command = message->command;
    struct iovec bytes = { .iov_base = message, .iov_len = message->size };
    struct msghdr text = { .msg_iov = &bytes, .msg_iovlen = 1 };
    size_t held = 0;
    int received = -1;

    if (descriptor >= 0) {
        control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
        text.msg_control = control.room;
        text.msg_controllen = CMSG_SPACE(sizeof(int));
    }
    if (sendmsg(link->socket, &text, MSG_NOSIGNAL) != message->size)
        fail("cannot send command %u: %s", command, strerror(errno));

    do {
        size_t due = held < sizeof *message ? sizeof *message : message->size;
        bytes = (struct iovec){ .iov_base = (char *)message + held, .iov_len = due - held };
        text = (struct msghdr){ .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room };
        ssize_t size = recvmsg(link->socket, &text, MSG_CMSG_CLOEXEC);
        if (size <= 0)
            fail("no reply to command %u: %s", command, size ? strerror(errno) : "the server hung up");
        held += (size_t)size;
        if (text.msg_flags & MSG_CTRUNC)
            fail("too many descriptors with the reply to command %u", command);
        for (struct cmsghdr *part = CMSG_FIRSTHDR(&text); part; part = CMSG_NXTHDR(&text, part))
            for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part->cmsg_len; at += sizeof(int)) {
                int one;
                memcpy(&one, CMSG_DATA(part) + at, sizeof one);
                if (received < 0)
                    received = one;
                else
                    close(one);
            }
        if (held == sizeof *message) {
            /* A refusal is a header alone, whatever was due. */
            check_header(message, id, command, message->flags & ERROR ? least : message->size);
            if (message->size < least || message->size > most)
                fail("%u bytes in a reply to command %u, not %zu to %zu", message->size, command, least, most);
        }
    } while (held < sizeof *message || held < message->size);
    return received;
}

static void open_link(struct link *link, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path)
        fail("too long for a socket: %s", path);
    strcpy(address.sun_path, path);
    link->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (link->socket < 0 || connect(link->socket, (struct sockaddr *)&address, sizeof address))
        fail("cannot connect to %s: %s", path, strerror(errno));

    struct version version = { .header.command = VERSION, .text = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}" };
    version.header.size = (uint32_t)(offsetof(struct version, text) + strlen(version.text) + 1);
    converse(link, &version.header, offsetof(struct version, text), sizeof version, -1);
    if (version.major != 0 || version.minor != 0)
        fail("0.0 was proposed, the server says %u.%u", version.major, version.minor);
    if (version.header.size > offsetof(struct version, text) && ((char *)&version)[version.header.size - 1])
        fail("the server's capabilities do not end in a zero");

    struct device_info device = { .header = { .command = GET_INFO, .size = sizeof device }, .size = sizeof device - sizeof device.header };
    converse(link, &device.header, sizeof device, sizeof device, -1);
    if (!(device.flags & IS_PCI) || device.regions <= link->bar || device.interrupts <= MSIX)
        fail("not a PCI function with a BAR %u and MSI-X: flags 0x%x, %u regions, %u interrupts", link->bar, device.flags, device.regions,
             device.interrupts);
}

static void find_region(struct link *link, int mapping)
{
    struct region_info region = { .header = { .command = GET_REGION_INFO, .size = sizeof region.header + REGION_INFO },
                                  .size = sizeof region - sizeof region.header, .index = link->bar };
    int descriptor = converse(link, &region.header, region.header.size, sizeof region, -1);
    size_t size = region.header.size - sizeof region.header;
    if (region.index != link->bar || region.size != size)
        fail("the region is %u in %u bytes, not %u in %zu", region.index, region.size, link->bar, size);
    if (!mapping) {
        if (link->offset + link->width > region.length)
            fail("offset 0x%lx is outside region %u of 0x%lx bytes", (long)link->offset, link->bar, (long)region.length);
        return;
    }

    uint64_t offset = region.offset, length = region.length;
    struct sparse sparse;
    if (descriptor < 0 || !(region.flags & MAPPABLE))
        fail("region %u cannot be mapped: flags 0x%x, %s descriptor", link->bar, region.flags, descriptor < 0 ? "no" : "a");
    for (uint32_t at = region.flags & HAS_CAPABILITIES ? region.capabilities : 0; at; at = sparse.next) {
        if (at < REGION_INFO || at + offsetof(struct sparse, count) > size)
            fail("a capability at %u of %zu bytes", at, size);
        memcpy(&sparse, (char *)&region + sizeof region.header + at, size - at < sizeof sparse ? size - at : sizeof sparse);
        if (sparse.id == SPARSE) {
            if (at + sizeof sparse > size || !sparse.count)
                fail("region %u has no area to map", link->bar);
            offset += sparse.offset;
            length = sparse.length;
        }
        if (sparse.next && sparse.next <= at)
            fail("the capability at %u is followed by one at %u", at, sparse.next);
    }
    void *page = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, (off_t)offset);
    if (page == MAP_FAILED)
        fail("cannot map 0x%lx bytes of region %u at 0x%lx: %s", (long)length, link->bar, (long)offset, strerror(errno));
    if (link->offset + 0x40 > length)
        fail("offset 0x%lx is outside the area mapped", (long)link->offset);
    link->page = page;
    link->page_offset = link->offset;
}

/* A function that may not write to memory sends no message either (Command, bit 2); bit 1 lets its BARs answer. */
static void enable(struct link *link)
{
    struct access command = request_of(link, REGION_WRITE, 4, 2, 6);
    command.region = 7;
    converse(link, &command.header, READ_REQUEST, READ_REQUEST, -1);
}

static void attach_interrupt(struct link *link, int spinning)
{
    struct interrupt_info info = { .header = { .command = GET_IRQ_INFO, .size = sizeof info }, .size = sizeof info - sizeof info.header,
                                   .index = MSIX };
    converse(link, &info.header, sizeof info, sizeof info, -1);
    if (info.index != MSIX || info.count <= link->vector)
        fail("no vector %u: %u of interrupt %u", link->vector, info.count, info.index);
    struct interrupt_set set = { .header = { .command = SET_IRQS, .size = sizeof set }, .size = sizeof set - sizeof set.header,
                                 .flags = TRIGGER_BY_EVENTFD, .index = MSIX, .start = link->vector, .count = 1 };
    link->event = eventfd(0, EFD_CLOEXEC | (spinning ? EFD_NONBLOCK : 0));
    if (link->event < 0)
        fail("no eventfd: %s", strerror(errno));
    converse(link, &set.header, sizeof set.header, sizeof set.header, link->event);
}

static void hold(struct link *link, char **paths)
{
    struct rlimit files;
    int count = 0;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    for (; paths[count]; count++) {
        open_link(link, paths[count]);
        find_region(link, 0);
    }
    printf("holding %d\n", count);
    fflush(stdout);
    pause();
}

int main(int count, char **arguments)
{
    struct link link;
    if (count < 3) {
        fputs("vfio_user_client SOCKET [--NAME VALUE]... MEASUREMENT\nvfio_user_client hold SOCKET...\n", stderr);
        return 64;
    }
    char **measurement = options(&link, arguments + 2);
    if (!strcmp(arguments[1], "hold")) {
        hold(&link, measurement);
        return 0;
    }
    const char *what = measurement[0] ? measurement[0] : "nothing";
    open_link(&link, arguments[1]);
    find_region(&link, !strcmp(what, "mapped"));
    enable(&link);
    if (!strcmp(what, "interrupt"))
        attach_interrupt(&link, spins(measurement[1]));
    measure(&link, measurement);
    return 0;
}

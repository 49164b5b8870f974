/*
 * floor FOLDER: opens and reads every file below a folder to its end, reads every link and lists every folder: the least that anybody
 * must do who wants to know what is in them. One thread, no memory to speak of.
 */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char buffer[32 << 10];

static int visit(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)place;
    if (kind == FTW_SL)
        return readlink(path, buffer, sizeof buffer) < 0;
    if (kind == FTW_F && S_ISREG(status->st_mode)) {
        int file = open(path, O_RDONLY);
        if (file < 0)
            return 1;
        while (read(file, buffer, sizeof buffer) > 0)
            continue;
        close(file);
    }
    return 0;
}

int main(int count, char **arguments)
{
    if (count != 2 || nftw(arguments[1], visit, 64, FTW_PHYS) != 0) {
        perror(count == 2 ? arguments[1] : "floor FOLDER");
        return 66;
    }
    return 0;
}

/*
 * Runs a target over files, without libFuzzer: what the corpus and former findings say is
 * tested with every compiler, and the targets cannot rot.
 *
 *   replay_json FOLDER...
 */
#include <dirent.h>

#include "fuzz.h"

#define MAX_INPUT_BYTES (1 << 20)

static void replay(const char *path)
{
    static char bytes[MAX_INPUT_BYTES];
    FILE *file = fopen(path, "rb");
    size_t len;
    uint8_t *exact;

    MUST(file);
    len = fread(bytes, 1, sizeof(bytes), file);
    MUST(len < sizeof(bytes) && !ferror(file));
    (void)fclose(file);
    exact = malloc(len + 1);
    MUST(exact);
    memcpy(exact, bytes, len);
    (void)LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

/* Returns how many inputs a folder holds.  If one of them fails, the last path says which. */
static size_t replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t count = 0;

    if (!dir)
        return 0;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char path[1024];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        replay(path);
        count++;
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++)
        count += replay_folder(argv[i]);
    (void)printf("%s: %zu inputs\n", argv[0], count);
    return count > 0 ? 0 : 1;
}

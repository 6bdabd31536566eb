/*
 * What the process gives up before it serves.  An intruder who makes it run code of his own
 * finds no program to start, no file to write, nothing to read but what is needed to reach Web
 * PubSub, and no other process to look into.
 *
 * Nothing here may keep the handler from starting: the log says what a kernel or a host lacks.
 * A call that is refused fails with an error, and the process is not killed for it.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "base/str.h"

/* How it went: "restricted"; or "open: " and why, or "off: " and who said so. */
struct sandbox {
    const char *calls; /* system calls, by seccomp; a static text */
    char files[128];   /* by Landlock; it may name a folder, of which it shows the beginning */
};

/*
 * No core dump and no debugger, /proc/PID/environ and /proc/PID/mem included, but root's: all of
 * them would hold keys.
 */
void sandbox_disable_core_dumps(void);

/* Nothing is given up, and why, a static text, is told. */
void sandbox_stay_out(const char *why, struct sandbox *in_force);

/*
 * Enters the sandbox for good, with this thread and all that it starts, so it is called before
 * there is any other thread.  After that, only files in the folders of the system's settings
 * and libraries, and in the folder of ca_file and of what it links to, can be opened, and only
 * for reading.  Of the files in `/`, only ca_file can.  If a rule for one of them cannot be
 * made, files stay open, since not to read it would be an outage.  ca_file may be NULL.
 */
void sandbox_enter(const char *ca_file, struct sandbox *in_force);

#endif

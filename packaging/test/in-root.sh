#!/bin/sh
# Stands where tests expect the handler (CODESTREAM_BIN) and runs the one in the folder
# CODESTREAM_ROOT, with that folder as its root.
exec chroot "${CODESTREAM_ROOT:?}" /codestream "$@"

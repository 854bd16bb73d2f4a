#!/bin/sh
# Runs a command where libcurl cannot be found: neither headers, nor library, nor the tools that name them. In a
# mount namespace of its own, so nobody else notices; wants root.
# usage: wheels/hidden.sh COMMAND [ARG ...]
set -eu
if [ "${PYINET_HIDDEN:-}" != yes ]; then
  PYINET_HIDDEN=yes exec unshare --mount --propagation private "$0" "$@"
fi
unset PYINET_HIDDEN
empty=$(mktemp -d)
trap 'rmdir "$empty"' EXIT
for folder in /usr/include/curl /usr/include/*-linux-gnu*/curl /usr/local/include/curl; do
  [ ! -d "$folder" ] || mount --bind "$empty" "$folder"
done
for file in /usr/lib/libcurl* /usr/lib64/libcurl* /usr/lib/*-linux-gnu*/libcurl* /usr/local/lib/libcurl* \
  /usr/lib/*-linux-gnu*/pkgconfig/libcurl* /usr/bin/curl-config /usr/bin/*-linux-gnu*-curl-config; do
  [ -L "$file" ] || [ ! -f "$file" ] || mount --bind /dev/null "$file"
done
if printf '#include <curl/curl.h>\n' | "${CC:-cc}" -E - >/dev/null 2>&1; then
  echo "hidden: libcurl's headers are still found" >&2
  exit 1
fi
"$@"

# A statically linked busybox: architecture.

fetch "$1" busybox-static/trixie
unpack root
busybox=$(find root -path '*bin/busybox')
mv "$busybox" busybox
rm -rf root

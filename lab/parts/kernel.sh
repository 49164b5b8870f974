# A kernel of Debian's with those of its modules that the tests load, and the modules these need: architecture, suite, and
# flavour if it is another than the architecture's own.
# modules/order lists them so that each follows what it needs.

wanted='vfio_iommu_type1 vfio_pci nvme igb virtio_pci virtio_blk crc32c_generic ext4'

mapfile -t packages < <(resolve "$1" "$2" "linux-image-${3-$1}" '^linux-(image|modules|binary)-[0-9]')
if ((${#packages[@]} == 0)); then
    [[ -s reason ]] || echo "the suite $2 has no kernel for ${3-$1}" >reason
    exit 1
fi
fetch "$1" "${packages[@]/%//$2}"
unpack root

folder=$(find root -type d -path '*/lib/modules/*' -prune | head -n 1)
echo "${folder##*/}" >version
mv "$(find root/boot "$folder" -maxdepth 1 -name 'vmlinuz*' -type f | head -n 1)" image

mkdir modules
declare -A files
while read -r file; do
    name=${file##*/}
    name=${name%%.ko*}
    files[${name//-/_}]=$file
done < <(find "$folder/kernel" -name '*.ko*')

# What is not there is built in; whatever really is missing shows when the guest boots.
add() {
    local needed file=${files[$1]-}
    if [[ -z $file || -e modules/$1.ko ]]; then return 0; fi
    case $file in
        *.xz) xz -dc "$file" ;;
        *.zst) zstd -dc "$file" ;;
        *) cat "$file" ;;
    esac >"modules/$1.ko"
    for needed in $(tr '\0' '\n' <"modules/$1.ko" | sed -n 's/^depends=//p' | tr ',-' ' _'); do
        add "$needed"
    done
    echo "$1" >>modules/order
}
for module in $wanted; do
    add "$module"
done
rm -rf root

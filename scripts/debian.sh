# What scripts/ do with Debian packages. Sourced, not run. Nothing on the system is ever removed:
# every install is `apt-get install --no-remove`.

say() { printf '%s\n' "$*" >&2; }

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    say "this needs root, and sudo is not installed: $*"
    return 1
  fi
}

package_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Whether apt's lists name a version of every package given that could be fetched now.
packages_known() {
  local package
  for package in "$@"; do
    case $(apt-cache show --no-all-versions "$package" 2>/dev/null) in
      *Filename:*) ;;
      *) return 1 ;;
    esac
  done
}

update_package_lists() {
  say "updating apt's package lists (apt-get update)"
  as_root apt-get update -qq >&2
}

# Installs those of the packages that are missing, and says so.
install_packages() {
  local package missing=()
  for package in "$@"; do
    package_installed "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  packages_known "${missing[@]}" || update_package_lists
  say "installing Debian packages: ${missing[*]}"
  local install=(env DEBIAN_FRONTEND=noninteractive
                 apt-get install -qq -y --no-remove --no-install-recommends -o Dpkg::Use-Pty=0)
  # The lists may be older than the mirror: then one update and a second try.
  as_root "${install[@]}" "${missing[@]}" >/dev/null ||
    { update_package_lists && as_root "${install[@]}" "${missing[@]}" >/dev/null; }
}

# Downloads packages and unpacks them under the folder given, without installing anything.
# A package that is there already is left alone, so calling this again costs nothing; two callers at
# once wait for each other.
unpack_packages() {
  local root=$1 package missing=()
  shift
  mkdir -p "$root/.unpacked"
  exec 9>"$root/.unpacked/lock"
  flock 9
  for package in "$@"; do
    [ -e "$root/.unpacked/$package" ] || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    packages_known "${missing[@]}" || update_package_lists
    say "unpacking Debian packages under $root (not installed): ${missing[*]}"
    for package in "${missing[@]}"; do
      unpack_package "$root" "$package" || { exec 9>&-; return 1; }
    done
  fi
  exec 9>&-
}

unpack_package() {
  local root=$1 package=$2 download
  download=$(mktemp -d "$root/.unpacked/download.XXXXXX")
  (cd "$download" && download_package "$package") &&
    dpkg -x "$download"/*.deb "$root" &&
    touch "$root/.unpacked/$package"
  local status=$?
  rm -rf "$download"
  return $status
}

# apt drops to the user _apt for downloads, who may not enter the folder: so root stays root.
download_package() {
  local sandbox=()
  [ "$(id -u)" -ne 0 ] || sandbox=(-o APT::Sandbox::User=root)
  apt-get download -qq "${sandbox[@]}" "$1" >&2 ||
    { update_package_lists && apt-get download -qq "${sandbox[@]}" "$1" >&2; }
}

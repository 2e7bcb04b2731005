# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scripts share: where things are, how they speak, how packages get installed, ccache. Source it, don't run it.

# The tree to work on. STK_ROOT lets the checks' own tests point a check at a tiny tree.
ROOT=${STK_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
LINT_CACHE=$ROOT/build/lint
JOBS=${JOBS:-$(nproc)}
export ROOT LINT_CACHE JOBS

if [[ -t 1 ]]; then
  BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' RESET=$'\e[0m'
else
  BOLD='' RED='' GREEN='' YELLOW='' RESET=''
fi
export BOLD RED GREEN YELLOW RESET

say() { printf '%s\n' "${BOLD}$*${RESET}"; }
warn() { printf '%s\n' "${YELLOW}$*${RESET}" >&2; }
fail() { printf '%s\n' "${RED}$*${RESET}" >&2; }
die() {
  fail "$@"
  exit 1
}

# Compiled objects are shared between the presets' folders and between clones of one user.
use_ccache() {
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$ROOT}
  export CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "Packages have to be installed and this is neither root nor is there sudo. Run as root: $*"
  fi
}

# missing_packages PKG…: prints those that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    if [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      printf '%s\n' "$package"
    fi
  done
}

# disable_service NAME: for System V's links and systemd's, also where systemd is not running or not installed.
disable_service() {
  if ! as_root update-rc.d "$1" disable >/dev/null ||
    ! as_root rm -f "/etc/systemd/system/multi-user.target.wants/$1.service"; then
    warn "Could not disable the service $1; do it by: systemctl disable $1"
  fi
}

# need_packages PKG…: installs what is missing, nothing else, and starts no service.
need_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "This script installs packages with apt (Debian 12). Elsewhere install these by hand: $*"
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "Installing ${#missing[@]} missing package(s): ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null >/dev/null ||
    warn "apt-get update reported an error; going on with the package lists that are there"
  (
    # Debian starts a daemon as soon as its package is installed, unless this file says no.
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
      trap 'as_root rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
      as_root chmod 755 "$policy"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends "${missing[@]}" </dev/null
  ) || die "apt-get could not install: ${missing[*]}"
  local package
  for package in "${missing[@]}"; do
    # Only the binary is wanted: the service that we brought in does not start at the next boot either.
    case $package in
      prometheus) disable_service prometheus ;;
      etcd-server) disable_service etcd ;;
    esac
  done
}

# tree_files GLOB…: the tree's files (tracked or new, never ignored ones), as paths relative to ROOT, sorted.
tree_files() {
  (
    cd "$ROOT" || exit
    if [[ -e .git ]]; then
      git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
        [[ -f $file ]] && printf '%s\n' "$file"
      done
    else
      local glob arguments=()
      for glob in "$@"; do arguments+=(-o -path "./$glob"); done
      find . -type f \( -false "${arguments[@]}" \) -not -path './build/*' | sed 's|^\./||'
    fi
  ) | sort
}

# same_as_before CACHE_FILE SALT: true when the files named in CACHE_FILE.deps and the salt are what they were when
# remember() was called. remember writes the digest.
digest_of() {
  { printf '%s\n' "$2" && (cd "$ROOT" && xargs -r -d '\n' sha256sum) <"$1.deps"; } 2>&1 | sha256sum | cut -d' ' -f1
}
same_as_before() {
  [[ -f $1.deps && -f $1.ok ]] && [[ $(digest_of "$1" "$2") == "$(<"$1.ok")" ]]
}
remember() { digest_of "$1" "$2" >"$1.ok"; }

# project_deps SOURCE FLAG…: the project's own files that a translation unit reads, relative to ROOT.
project_deps() {
  local source=$1
  shift
  (cd "$ROOT" && g++ -MM -x c++ "$@" "$source") | tr -s ' \\\n' '\n' | sed -e '/:$/d' -e '/^$/d' -e "s|^$ROOT/||" | sort -u
}

# How a file of the project compiles where there is no compile_commands.json to ask.
PROJECT_FLAGS=(-std=c++23 -Isrc -I. -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_ASIO_NO_DEPRECATED
  -DBOOST_BEAST_SEPARATE_COMPILATION -DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL)
export PROJECT_FLAGS

SCHEMATHESIS_PACKAGE=schemathesis==4.32.5
export SCHEMATHESIS_PACKAGE

# python_tool PACKAGE COMMAND: prints where the command is; from PyPI into a folder of its own if it is not here.
python_tool() {
  local tools=${XDG_CACHE_HOME:-$HOME/.cache}/stackscaler/python
  command -v "$2" && return
  if [[ ! -x $tools/bin/$2 ]]; then
    { need_packages python3-venv && python3 -m venv "$tools" && "$tools/bin/pip" install -q "$1"; } >&2 || return 1
  fi
  printf '%s\n' "$tools/bin/$2"
}

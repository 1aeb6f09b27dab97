// SPDX-License-Identifier: BSL-1.0
#include "steering_variables.hpp"

#include <algorithm>
#include <array>

namespace command {

namespace {

using namespace std::string_view_literals;

constexpr std::array prefixes{"LD_"sv,      "DYLD_"sv,    "BASH_FUNC_"sv,  "GIT_CONFIG"sv,
                              "LUA_INIT"sv, "CORECLR_"sv, "COR_PROFILER"sv};

/// By what reads them: shells; programs that start others; the C library and OpenSSL; interpreters
/// and build tools; Coffer itself.
constexpr std::array names{
    "PATH"sv, "ENV"sv, "BASH_ENV"sv, "IFS"sv, "SHELLOPTS"sv, "BASHOPTS"sv, "PS0"sv, "PS1"sv,
    "PS2"sv, "PS4"sv, "PROMPT_COMMAND"sv, "ZDOTDIR"sv, "FPATH"sv, "HOME"sv, "SHELL"sv,
    "XDG_CONFIG_HOME"sv, "XDG_CONFIG_DIRS"sv, "INPUTRC"sv,
    //
    "EDITOR"sv, "VISUAL"sv, "PAGER"sv, "MANPAGER"sv, "BROWSER"sv, "SYSTEMD_PAGER"sv,
    "SYSTEMD_EDITOR"sv, "KUBE_EDITOR"sv, "VIMINIT"sv, "EXINIT"sv, "LESS"sv, "LESSKEY"sv,
    "LESSOPEN"sv, "LESSCLOSE"sv, "TAR_OPTIONS"sv, "RSYNC_RSH"sv, "CVS_RSH"sv, "SUDO_ASKPASS"sv,
    "SSH_ASKPASS"sv, "GIT_ASKPASS"sv, "GIT_SSH"sv, "GIT_SSH_COMMAND"sv, "GIT_EDITOR"sv,
    "GIT_SEQUENCE_EDITOR"sv, "GIT_PAGER"sv, "GIT_EXTERNAL_DIFF"sv, "GIT_PROXY_COMMAND"sv,
    "GIT_EXEC_PATH"sv, "GIT_TEMPLATE_DIR"sv, "GIT_DIR"sv,
    //
    "GCONV_PATH"sv, "LOCPATH"sv, "NLSPATH"sv, "OPENSSL_CONF"sv, "OPENSSL_ENGINES"sv,
    "OPENSSL_MODULES"sv, "SSLKEYLOGFILE"sv,
    //
    "NODE_OPTIONS"sv, "NODE_PATH"sv, "NPM_CONFIG_NODE_OPTIONS"sv, "NPM_CONFIG_SCRIPT_SHELL"sv,
    "npm_config_node_options"sv, "npm_config_script_shell"sv, "PYTHONSTARTUP"sv, "PYTHONPATH"sv,
    "PYTHONHOME"sv, "PYTHONUSERBASE"sv, "PYTHONINSPECT"sv, "PYTHONBREAKPOINT"sv, "PYTHONWARNINGS"sv,
    "PYTHONEXECUTABLE"sv, "PERL5OPT"sv, "PERL5LIB"sv, "PERLLIB"sv, "PERL5DB"sv, "RUBYOPT"sv,
    "RUBYLIB"sv, "GEM_HOME"sv, "GEM_PATH"sv, "BUNDLE_GEMFILE"sv, "JAVA_TOOL_OPTIONS"sv,
    "_JAVA_OPTIONS"sv, "JDK_JAVA_OPTIONS"sv, "JAVA_OPTS"sv, "CLASSPATH"sv, "CATALINA_OPTS"sv,
    "MAVEN_OPTS"sv, "GRADLE_OPTS"sv, "PHPRC"sv, "PHP_INI_SCAN_DIR"sv, "DOTNET_STARTUP_HOOKS"sv,
    "DOTNET_ADDITIONAL_DEPS"sv, "LUA_PATH"sv, "LUA_CPATH"sv, "R_PROFILE"sv, "R_PROFILE_USER"sv,
    "R_ENVIRON"sv, "R_ENVIRON_USER"sv, "ERL_AFLAGS"sv, "ERL_FLAGS"sv, "ERL_ZFLAGS"sv, "MAKEFILES"sv,
    "MAKEFLAGS"sv, "GNUMAKEFLAGS"sv, "GOFLAGS"sv, "RUSTFLAGS"sv, "RUSTC_WRAPPER"sv, "CARGO_HOME"sv,
    //
    "COFFER_SERVER"sv, "COFFER_STORE"sv, "COFFER_KEYS"sv};

} // namespace

auto steers_programs(std::string_view name) noexcept -> bool {
    return std::ranges::find(names, name) != names.end() ||
           std::ranges::any_of(prefixes, [&](auto p) { return name.starts_with(p); });
}

} // namespace command
